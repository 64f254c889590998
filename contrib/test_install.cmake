# What "cmake --install" puts where, that it leaves the operator's own
# configuration alone, and that systemd takes the units.
#   cmake -DBUILD=build/dev -DPREFIX=/usr/local -DDIR=SCRATCH -P test_install.cmake
cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE "${DIR}")
function(install_again)
  set(ENV{DESTDIR} "${DIR}")
  execute_process(COMMAND ${CMAKE_COMMAND} --install "${BUILD}"
    OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(must_exist)
  foreach(file IN LISTS ARGN)
    if(NOT EXISTS "${DIR}${file}")
      message(FATAL_ERROR "not installed: ${file}")
    endif()
  endforeach()
endfunction()

install_again()
must_exist(/etc/mailmum/mailmum.conf)
foreach(file sbin/mailmum bin/mailmumctl lib/sysusers.d/mailmum.conf
    lib/tmpfiles.d/mailmum.conf
    lib/systemd/catalog/mailmum.catalog
    lib/systemd/system/mailmum.service lib/systemd/system/mailmum.socket
    share/mailmum/greylist-exceptions share/mailmum/postfix/main.cf
    share/mailmum/postfix/master.cf share/mailmum/sendmail/mailmum.m4
    share/mailmum/sendmail/mailmum.socket.d/sendmail.conf
    share/mailmum/fail2ban/filter.d/mailmum.conf
    share/mailmum/fail2ban/jail.d/mailmum.conf
    share/mailmum/munin/mailmum share/mailmum/munin/plugin-conf.d/mailmum
    share/man/man8/mailmum.8 share/man/man5/mailmum.conf.5
    share/man/man1/mailmumctl.1 share/doc/mailmum/README
    share/doc/mailmum/COPYING)
  must_exist(${PREFIX}/${file})
endforeach()

install_again()
if(EXISTS "${DIR}/etc/mailmum/mailmum.conf.new")
  message(FATAL_ERROR "an unchanged configuration is not replaced by a .new")
endif()
file(APPEND "${DIR}/etc/mailmum/mailmum.conf" "soft_bounce = yes\n")
install_again()
must_exist(/etc/mailmum/mailmum.conf.new)
file(READ "${DIR}/etc/mailmum/mailmum.conf" text)
if(NOT text MATCHES "soft_bounce = yes\n$")
  message(FATAL_ERROR "the operator's own configuration is gone")
endif()

# The daemon can do little more than it has to.
find_program(ANALYZE systemd-analyze)
if(ANALYZE)
  execute_process(COMMAND ${ANALYZE} --root=${DIR} --offline=true --no-pager
      security mailmum.service
    OUTPUT_VARIABLE exposure ERROR_QUIET)
  if(NOT exposure MATCHES "Overall exposure level for mailmum.service: ([0-9.]+)")
    message(FATAL_ERROR "systemd-analyze security says nothing: ${exposure}")
  elseif(CMAKE_MATCH_1 GREATER 1.5)
    message(FATAL_ERROR "exposed more than 1.5:\n${exposure}")
  endif()
endif()

# The units refer to others; those that systemd brings have to be there.  Once
# more as README has it for Sendmail.
file(GLOB targets /lib/systemd/system/*.target)
if(ANALYZE AND targets)
  file(COPY ${targets} DESTINATION "${DIR}/usr/lib/systemd/system")
  foreach(mta postfix sendmail)
    execute_process(
      COMMAND ${ANALYZE} --root=${DIR} --man=no verify mailmum.service mailmum.socket
      RESULT_VARIABLE result OUTPUT_VARIABLE faults ERROR_VARIABLE faults)
    if(NOT result EQUAL 0 OR faults MATCHES "mailmum")
      message(FATAL_ERROR "systemd-analyze verify, ${mta}:\n${faults}")
    endif()
    file(COPY "${DIR}${PREFIX}/share/mailmum/sendmail/mailmum.socket.d"
      DESTINATION "${DIR}/etc/systemd/system")
  endforeach()
endif()
file(REMOVE_RECURSE "${DIR}")
