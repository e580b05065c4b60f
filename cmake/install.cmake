# find_package(urn [COMPONENTS transformer ...]) from an install tree: urn::urn always, a component where it was built
# and what it stands on is found.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/urn)

foreach(component urn ${urn_components})
  set(target urn)
  if(NOT component STREQUAL "urn")
    set(target urn_${component})
  endif()
  install(TARGETS ${target} EXPORT urn-${component} FILE_SET HEADERS)
  install(EXPORT urn-${component} NAMESPACE urn:: DESTINATION ${package_dir})
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
