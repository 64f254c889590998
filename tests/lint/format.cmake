# Every C file is laid out as .clang-format says.  The layout differs between
# versions of clang-format, so only version 14 is asked.
include(${CMAKE_CURRENT_LIST_DIR}/lint.cmake)

find_program(CLANG_FORMAT NAMES clang-format-14 clang-format)
if(CLANG_FORMAT)
  execute_process(COMMAND ${CLANG_FORMAT} --version OUTPUT_VARIABLE version)
endif()
if(NOT version MATCHES "version 14\\.")
  message(NOTICE "skip: there is no clang-format 14")
  return()
endif()

lint_files(files .c .h)
execute_process(
  COMMAND ${CLANG_FORMAT} --dry-run -Werror --style=file ${files}
  WORKING_DIRECTORY "${TREE}" RESULT_VARIABLE result ERROR_VARIABLE faults)
if(NOT result EQUAL 0)
  lint_fault("clang-format" "${faults}")
endif()
lint_done(format)
