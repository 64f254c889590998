# What the lints share.  Each one is a script of its own, with the tree to
# look at as an argument:  cmake -DTREE=/path/to/mailmum -P layers.cmake
# It prints every fault as "FILE:LINE: text" and fails if there was one.
cmake_minimum_required(VERSION 3.25)
if(NOT IS_DIRECTORY "${TREE}")
  message(FATAL_ERROR "usage: cmake -DTREE=DIRECTORY -P ${CMAKE_SCRIPT_MODE_FILE}")
endif()
set(lint_faults 0)

function(lint_fault where text)
  message(NOTICE "${where}: ${text}")
  math(EXPR n "${lint_faults} + 1")
  set(lint_faults ${n} PARENT_SCOPE)
endfunction()

# The tree's own files whose names end in one of the given ways, relative to
# it.  What a build leaves behind is not the tree's.
function(lint_files result)
  set(found "")
  foreach(room "" lib/ milter/ ctl/ contrib/ man/ tests/)
    foreach(end IN LISTS ARGN)
      if(room STREQUAL "")
        file(GLOB files RELATIVE "${TREE}" "${TREE}/*${end}")
      else()
        file(GLOB_RECURSE files RELATIVE "${TREE}" "${TREE}/${room}*${end}")
      endif()
      list(APPEND found ${files})
    endforeach()
  endforeach()
  list(REMOVE_DUPLICATES found)
  list(SORT found)
  set(${result} "${found}" PARENT_SCOPE)
endfunction()

# A file as a list of lines.  Bytes that mean something in a CMake list are
# replaced by others, so a line shows its shape, not its exact text.
function(lint_lines file result)
  file(READ "${TREE}/${file}" text)
  string(REGEX REPLACE "[];[\\\\]" "," text "${text}")
  string(REPLACE "\n" ";" text "${text}")
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

function(lint_done what)
  if(lint_faults GREATER 0)
    message(FATAL_ERROR "${lint_faults} fault(s) in ${TREE}")
  endif()
  message(STATUS "${what}: no fault")
endfunction()
