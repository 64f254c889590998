# Every parameter with its default and every restriction is in mailmum.conf(5).
include(${CMAKE_CURRENT_LIST_DIR}/lint.cmake)

execute_process(COMMAND ${PROGRAM} man/mailmum.conf.5 WORKING_DIRECTORY "${TREE}"
  RESULT_VARIABLE result OUTPUT_VARIABLE faults ERROR_VARIABLE faults)
if(NOT result EQUAL 0)
  lint_fault("documented" "\n${faults}")
endif()
lint_done(documented)
