# What `cmake --install` writes: libraries, headers, a package for find_package(Plimsoll), and files for
# pkg-config.

install(TARGETS ${PLIMSOLL_LIBRARIES} EXPORT PlimsollTargets)
if(PLIMSOLL_BRIDGE)
  install(TARGETS plimsoll-bridge)
endif()

set(kinds CLIENT OBSERVE)
if(PLIMSOLL_CONFIG)
  list(APPEND kinds CONFIG)
endif()
foreach(kind ${kinds})
  foreach(header ${PLIMSOLL_${kind}_HEADERS})
    get_filename_component(folder ${header} DIRECTORY)
    if(header IN_LIST PLIMSOLL_USER_HEADERS)
      set(folder .)
    endif()
    install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/plimsoll/${folder})
  endforeach()
endforeach()
install(DIRECTORY ${PLIMSOLL_MADE}/plimsoll DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h
        PATTERN bridge EXCLUDE)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/Plimsoll)
install(EXPORT PlimsollTargets NAMESPACE Plimsoll:: DESTINATION ${package})
configure_package_config_file(
  packaging/cmake/PlimsollConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/PlimsollConfig.cmake
  INSTALL_DESTINATION ${package})
# Before 1.0 a minor version may change names.
write_basic_package_version_file(
  ${CMAKE_CURRENT_BINARY_DIR}/PlimsollConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/PlimsollConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/PlimsollConfigVersion.cmake
        DESTINATION ${package})

# plimsoll_pkg_config(NAME DESCRIPTION NEEDED): writes and installs <NAME>.pc.
function(plimsoll_pkg_config name description needed)
  string(REPLACE - _ library ${name})
  # A static library does not say what it needs when it is linked, so its users do.
  set(requires Requires)
  set(libs " -ldl -pthread")
  if(BUILD_SHARED_LIBS)
    set(requires Requires.private)
    set(libs "")
  endif()
  # The tree can be moved.
  file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  string(CONCAT folders "prefix=" [[${pcfiledir}/]] "${up}\n")
  configure_file(packaging/cmake/plimsoll.pc.in ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()

plimsoll_pkg_config(plimsoll "A Valkey and Redis client that stays under its memory line" "openssl")
plimsoll_pkg_config(plimsoll-observe "Metrics and dumps of Plimsoll's clients" "plimsoll")
if(PLIMSOLL_CONFIG)
  plimsoll_pkg_config(plimsoll-config "Options of Plimsoll's clients from TOML files" "plimsoll, plimsoll-observe")
endif()
