# What `cmake --install` leaves: the headers, find_package(urn [COMPONENTS transformer ...]) (urn::urn always, a component
# where it was built and what it stands on is found), and for pkg-config urn and urn-<component>.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/urn)
set(pc_dir ${CMAKE_INSTALL_DATADIR}/pkgconfig)

# install_pc(<package> <required package>...): its file says where the headers are by where it lies itself, so that the
# tree may be moved.
function(install_pc package)
  file(RELATIVE_PATH to_include ${CMAKE_INSTALL_PREFIX}/${pc_dir} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
  list(JOIN ARGN ", " requires)
  configure_file(cmake/packaging/urn.pc.in ${package}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${package}.pc DESTINATION ${pc_dir})
endfunction()

foreach(component urn ${urn_components})
  set(target urn)
  if(NOT component STREQUAL "urn")
    set(target urn_${component})
  endif()
  install(TARGETS ${target} EXPORT urn-${component} FILE_SET HEADERS)
  install(EXPORT urn-${component} NAMESPACE urn:: DESTINATION ${package_dir})
  if(component STREQUAL "urn")
    install_pc(urn)
  elseif(urn_${component}_packages)
    install_pc(urn-${component} "urn = ${PROJECT_VERSION}" ${urn_${component}_packages})
  endif()
endforeach()

configure_package_config_file(cmake/urn-config.cmake.in urn-config.cmake INSTALL_DESTINATION ${package_dir}
  NO_SET_AND_CHECK_MACRO)
set(any_machine ARCH_INDEPENDENT)
if(TARGET urn_dispatch)
  set(any_machine)
endif()
write_basic_package_version_file(urn-config-version.cmake COMPATIBILITY SameMinorVersion ${any_machine})
install(FILES ${PROJECT_BINARY_DIR}/urn-config.cmake ${PROJECT_BINARY_DIR}/urn-config-version.cmake
  cmake/dependencies.cmake DESTINATION ${package_dir})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/urn)
