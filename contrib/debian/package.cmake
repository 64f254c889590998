# The Debian package, see README: made by
#   cmake --workflow --preset deb
# from what is installed and from the scripts beside this file.
set(debian ${CMAKE_CURRENT_LIST_DIR})
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME mailmum)
if("$ENV{DEBEMAIL}" STREQUAL "") # who packages it may say so, as to dch(1)
  set(CPACK_PACKAGE_CONTACT "The mailmum developers <mailmum@mailmum.example>")
else()
  set(CPACK_PACKAGE_CONTACT "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
endif()
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR})
set(CPACK_PRE_BUILD_SCRIPTS ${debian}/stage.cmake)
set(CPACK_STRIP_FILES ON)
# /etc stays /etc
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION mail)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_PREDEPENDS "init-system-helpers (>= 1.54~)")
set(CPACK_DEBIAN_PACKAGE_DEPENDS "dns-root-data, publicsuffix, systemd | systemd-standalone-sysusers")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postfix | sendmail, fail2ban, munin-node")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${debian}/conffiles
  ${debian}/postinst ${debian}/prerm ${debian}/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY
  "gate for incoming mail, for Postfix and Sendmail")
set(CPACK_PACKAGE_DESCRIPTION "\
A milter that is asked about each client, HELO, sender and recipient, and
answers accept, reject or try again later. It decides by the operator's own
lists, by DNS blocklists and allowlists, by reverse DNS and HELO sanity, and
it greylists only what something speaks against.

Its language is that of Postfix's smtpd_*_restrictions. All DNS lists are
asked at once, by a resolver of its own with cache and DNSSEC; a list that is
dead never refuses mail; and mailmumctl explains for any client, step by step,
what would become of its mail and why.")
include(CPack)
