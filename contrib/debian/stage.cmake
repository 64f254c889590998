# Run by cpack when all is installed into its stage:
# what Debian wants otherwise than "cmake --install" does it.
cmake_minimum_required(VERSION 3.25)
set(here ${CMAKE_CURRENT_LIST_DIR})
set(stage ${CPACK_TEMPORARY_DIRECTORY})
set(doc ${stage}/usr/share/doc/mailmum)
if(NOT EXISTS ${doc}/COPYING)
  message(FATAL_ERROR "nothing is staged in ${doc}: the prefix has to be /usr")
endif()

file(STRINGS ${here}/changelog first LIMIT_COUNT 1)
if(NOT first MATCHES "^mailmum \\(${CPACK_PACKAGE_VERSION}\\) ")
  message(FATAL_ERROR
    "contrib/debian/changelog is not about ${CPACK_PACKAGE_VERSION}: ${first}")
endif()

# Debian's name for it.
file(RENAME ${doc}/COPYING ${doc}/copyright)
file(COPY_FILE ${here}/changelog ${doc}/changelog)
file(GLOB manuals ${stage}/usr/share/man/man[0-9]/*.[0-9])
execute_process(COMMAND gzip -9nf ${manuals} ${doc}/changelog
  COMMAND_ERROR_IS_FATAL ANY)
