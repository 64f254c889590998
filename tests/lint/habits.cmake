# What the house style does not use, where a pattern can tell.
include(${CMAKE_CURRENT_LIST_DIR}/lint.cmake)

set(banned
  "[^a-z_](strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|alloca) *\\("
  "not used here: it knows no bounds, or no errors"
  "(^|[^A-Za-z])(TODO|FIXME|XXX)([^A-Za-z]|$)"
  "is no plan: open an issue or do it"
  "__attribute__ *\\(\\( *(__)?cleanup"
  "hides who frees what")

lint_files(files .c .h)
foreach(file IN LISTS files)
  lint_lines(${file} lines)
  set(number 0)
  set(inside FALSE)
  foreach(line IN LISTS lines)
    math(EXPR number "${number} + 1")
    if(line STREQUAL "{")
      set(inside TRUE)
    elseif(line STREQUAL "}")
      set(inside FALSE)
    elseif(inside AND line MATCHES "^[ \t]*# *(if|else|elif)")
      lint_fault("${file}:${number}" "conditional code inside a function")
    endif()
    set(rest ${banned})
    while(rest)
      list(POP_FRONT rest pattern why)
      if(line MATCHES "${pattern}")
        lint_fault("${file}:${number}" "\"${CMAKE_MATCH_0}\" ${why}")
      endif()
    endwhile()
  endforeach()
endforeach()
lint_done(habits)
