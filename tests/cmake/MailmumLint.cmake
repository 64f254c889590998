# One lint is two tests: the tree has no fault, and a planted one is found.
# What follows the name is the target of a program that it runs.
function(mm_lint name)
  set(program "")
  if(ARGN)
    set(program -DPROGRAM=$<TARGET_FILE:${ARGN}>)
  endif()
  add_test(NAME lint.${name}
    COMMAND ${CMAKE_COMMAND} -DTREE=${CMAKE_SOURCE_DIR} ${program}
      -P ${CMAKE_CURRENT_SOURCE_DIR}/lint/${name}.cmake)
  add_test(NAME lint.${name}.refuses
    COMMAND ${CMAKE_COMMAND} -DLINT=${name} -DSOURCE=${CMAKE_SOURCE_DIR}
      -DDIR=${CMAKE_CURRENT_BINARY_DIR}/lint/${name} ${program}
      -P ${CMAKE_CURRENT_SOURCE_DIR}/lint/refuses.cmake)
  set_tests_properties(lint.${name} lint.${name}.refuses PROPERTIES
    LABELS lint TIMEOUT 60 SKIP_REGULAR_EXPRESSION "skip: there is no")
endfunction()
