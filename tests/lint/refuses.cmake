# Every lint is shown a small tree with a planted fault and must name it; the
# same tree without the fault must pass.  The first says that the lint can
# fail at all, the second that it fails because of the fault.
#   cmake -DLINT=NAME -DDIR=SCRATCH -DSOURCE=REPOSITORY -DPROGRAM=... -P refuses.cmake
cmake_minimum_required(VERSION 3.25)

# Writes a clean tree to DIR.
function(clean_tree)
  file(REMOVE_RECURSE "${DIR}")
  file(WRITE "${DIR}/lib/LAYERS" "# comment\nlow    words\nhigh   deeds\n")
  file(WRITE "${DIR}/lib/CMakeLists.txt" "add_library(x STATIC\n  low.c\n  high.c\n  high_part.c)\n")
  file(WRITE "${DIR}/lib/low.h" "int mm_low(void);\n")
  file(WRITE "${DIR}/lib/high.h" "int mm_high(void);\n")
  foreach(name low high high_part)
    string(REGEX REPLACE "_.*" "" module ${name})
    file(WRITE "${DIR}/lib/${name}.c" "#include \"lib/${module}.h\"\n")
  endforeach()
  file(APPEND "${DIR}/lib/high.c" "#include \"lib/low.h\"\n\nint\nmm_high(void)\n{\n\treturn mm_low();\n}\n")
  file(WRITE "${DIR}/tests/CMakeLists.txt" "mm_test(low)\nmm_fuzz(low)\n")
  file(WRITE "${DIR}/tests/unit/test_low.c" "int main(void);\n")
  file(WRITE "${DIR}/tests/fuzz/fuzz_low.c" "int main(void);\n")
  file(WRITE "${DIR}/tests/fuzz/corpus/low/one" "1")
  file(WRITE "${DIR}/man/page.1" ".Dd November 22, 2026\n.Dt PAGE 1\n.Os\n.Sh NAME\n.Nm page\n.Nd a page\n.Sh DESCRIPTION\nText.\n")
  file(COPY "${SOURCE}/.clang-format" DESTINATION "${DIR}")
  if(LINT STREQUAL "documented")
    file(COPY "${SOURCE}/man/mailmum.conf.5" DESTINATION "${DIR}/man")
  endif()
endfunction()

function(run result output)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -DTREE=${DIR} -DPROGRAM=${PROGRAM}
      -P ${CMAKE_CURRENT_LIST_DIR}/${LINT}.cmake
    RESULT_VARIABLE code OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(text MATCHES "(^|\n)skip: ")
    message(FATAL_ERROR "${text}")
  endif()
  set(${result} ${code} PARENT_SCOPE)
  set(${output} "${text}" PARENT_SCOPE)
endfunction()

function(must_say what)
  run(code output)
  if(code EQUAL 0 OR NOT output MATCHES "${what}")
    message(FATAL_ERROR "not refused; expected: ${what}\ngot:\n${output}")
  endif()
endfunction()

# The tree with one text of file replaced by another: the lint must say what.
function(must_replace file from to what)
  clean_tree()
  file(READ "${DIR}/${file}" text)
  string(REPLACE "${from}" "${to}" text "${text}")
  file(WRITE "${DIR}/${file}" "${text}")
  must_say("${what}")
endfunction()

# The tree with file extended by text: the lint must say what.
function(must_refuse file text what)
  clean_tree()
  file(APPEND "${DIR}/${file}" "${text}")
  must_say("${what}")
endfunction()

string(REPEAT "\tmm_low();\n" 101 many)
string(REPEAT "int a[1];\n\n" 401 long)
clean_tree()
run(code output)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "the clean tree is refused:\n${output}")
endif()

if(LINT STREQUAL "layers")
  must_refuse(lib/low.c "#include \"lib/high.h\"\n" "lib/low.c: .*higher")
  must_refuse(lib/low.h "#include \"milter/main.h\"\n" "lib/low.h: .*not in lib/")
  must_refuse(lib/low.c "#include \"high.h\"\n" "lib/low.c: .*not in lib/")
  must_refuse(lib/high.c "#  include <libmilter/mfapi.h>\n" "lib/high.c: libmilter")
  must_refuse(lib/other.c "" "lib/other.c: belongs to no module")
elseif(LINT STREQUAL "format")
  must_refuse(lib/low.c "int  mm_x( void );\n" "low.c:2:")
elseif(LINT STREQUAL "sizes")
  must_refuse(lib/low.c "\nvoid\nf(void)\n{\n${many}}\n" "low.c:5: a function of 101 lines")
  must_refuse(tests/unit/test_low.c "${long}" "test_low.c: 803 lines")
elseif(LINT STREQUAL "habits")
  must_refuse(lib/low.c "\tstrcpy(a, b[0]);\n" "low.c:2: .*strcpy")
  must_refuse(lib/low.h "/* TODO: all of it; */\n" "low.h:2: .*TODO")
  must_refuse(lib/low.c "\nvoid\nf(void)\n{\n#ifdef X\n#endif\n}\n" "low.c:6: conditional")
elseif(LINT STREQUAL "registered")
  must_refuse(lib/high_more.c "" "high_more.c: not in lib/CMakeLists.txt")
  must_refuse(tests/unit/test_lo.c "" "test_lo.c: no mm_test")
  must_refuse(tests/fuzz/fuzz_high.c "" "fuzz_high.c: no mm_fuzz")
  must_refuse(tests/fuzz/corpus/high/one "" "there is no harness")
elseif(LINT STREQUAL "manuals")
  must_refuse(man/page.1 ".Xx\n" "page.1:9:")
elseif(LINT STREQUAL "documented")
  must_replace(man/mailmum.conf.5 ".It Va greylist_delay " ".It Va greylist_delays "
    "greylist_delay: the parameter has no")
  must_replace(man/mailmum.conf.5 ".It Va greylist_delay " ".It Va greylist_delays "
    "greylist_delays: there is no such thing")
  must_replace(man/mailmum.conf.5 "dns_deadline No = Li 2s" "dns_deadline No = Li 3s"
    "dns_deadline: its default is another one")
  must_replace(man/mailmum.conf.5 "permit_rhswl_client" "permit_rhswl"
    "permit_rhswl_client: the restriction is not")
else()
  message(FATAL_ERROR "no planted fault for the lint ${LINT}")
endif()
file(REMOVE_RECURSE "${DIR}")
