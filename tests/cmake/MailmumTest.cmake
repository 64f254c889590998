# One function makes a unit test: unit/test_NAME.c against the library.
function(mm_test name)
  add_executable(test_${name} unit/test_${name}.c ${ARGN})
  target_link_libraries(test_${name} PRIVATE mailmum_lib PkgConfig::CMOCKA)
  target_compile_options(test_${name} PRIVATE -UNDEBUG) # tests assert
  add_test(NAME unit.${name} COMMAND test_${name})
  set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT 30)
endfunction()

# The same, with allocations that fail when told to (heap.h).
function(mm_test_heap name)
  mm_test(${name} heap.c ${ARGN})
  foreach(call malloc calloc realloc reallocarray strdup strndup vasprintf tsearch)
    target_link_options(test_${name} PRIVATE LINKER:--wrap=${call})
  endforeach()
endfunction()

# A fuzz harness fuzz/fuzz_NAME.c.  Its corpus fuzz/corpus/NAME/ runs as an
# ordinary test; with MAILMUM_FUZZ it becomes a libFuzzer program as well.
function(mm_fuzz name)
  add_executable(corpus_${name} fuzz/fuzz_${name}.c fuzz/main.c)
  target_link_libraries(corpus_${name} PRIVATE mailmum_lib)
  target_compile_options(corpus_${name} PRIVATE -UNDEBUG)
  add_test(NAME fuzz.${name}
    COMMAND corpus_${name} ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${name})
  set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT 30)
  if(MAILMUM_FUZZ)
    add_executable(fuzz_${name} fuzz/fuzz_${name}.c)
    target_link_libraries(fuzz_${name} PRIVATE mailmum_lib)
    target_compile_options(fuzz_${name} PRIVATE -fsanitize=fuzzer -UNDEBUG)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  endif()
endfunction()

# A Python test of the daemon, tests/daemon/test_NAME.py: the real one, on
# sockets of its own, with no network.  LABELS lab: one that waits for longer
# than the quick tests may take.
find_program(PYTHON3 python3)
function(mm_daemon_test name)
  cmake_parse_arguments(arg "" "LABELS" "" ${ARGN})
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if(NOT PYTHON3)
    message(STATUS "no python3: daemon.${name} is left out")
    return()
  endif()
  add_test(NAME daemon.${name}
    COMMAND ${PYTHON3} -B ${CMAKE_CURRENT_SOURCE_DIR}/daemon/test_${name}.py)
  set_tests_properties(daemon.${name} PROPERTIES LABELS ${arg_LABELS} TIMEOUT 300
    ENVIRONMENT "MAILMUM=$<TARGET_FILE:mailmum>")
endfunction()
