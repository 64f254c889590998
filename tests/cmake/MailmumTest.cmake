# One function makes a unit test: unit/test_NAME.c against the library.
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)

function(mm_test name)
  add_executable(test_${name} unit/test_${name}.c ${ARGN})
  target_link_libraries(test_${name} PRIVATE mailmum_lib PkgConfig::CMOCKA)
  add_test(NAME unit.${name} COMMAND test_${name})
  set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT 30)
endfunction()
