# Takes urn in as its users do, a test each: as one header, installed, by pkg-config, as a subdirectory, by FetchContent.
# Nothing is fetched from anywhere.
set(here ${CMAKE_CURRENT_SOURCE_DIR}/consumer)
set(folder ${CMAKE_CURRENT_BINARY_DIR}/consumer)
set(prefix ${folder}/install)
file(MAKE_DIRECTORY ${folder})

# compiled(<name> <shell command>): by the compiler alone, "$cxx" and its flags; "$main" becomes "$out", which is run.
function(compiled name command)
  set(cxx "${CMAKE_CXX_COMPILER} -std=c++20 $<$<BOOL:${URN_NO_EXCEPTIONS}>:-fno-exceptions -fno-rtti>")
  add_test(NAME consumer.${name} COMMAND sh -euc "cxx=$1 main=$2 out=$3\n${command}\n$out" -- ${cxx} ${here}/main.cpp ${folder}/${name})
endfunction()

compiled(single_header "sed 's|<urn/urn.hpp>|\"urn.hpp\"|' $main | $cxx -I ${PROJECT_BINARY_DIR}/single -x c++ - -o $out")
if(NOT URN_INSTALL)
  return()
endif()

# The tree has these files, and no others.
set(installed share/doc/urn/LICENSE share/pkgconfig/urn.pc share/cmake/urn/urn-config.cmake
  share/cmake/urn/urn-config-version.cmake share/cmake/urn/dependencies.cmake)
foreach(component urn ${urn_components})
  list(APPEND installed share/cmake/urn/urn-${component}.cmake)
  if(urn_${component}_packages)
    list(APPEND installed share/pkgconfig/urn-${component}.pc)
  endif()
  set(headers ${urn_${component}_headers})
  list(TRANSFORM headers PREPEND include/)
  list(APPEND installed ${headers})
endforeach()
add_test(NAME consumer.install COMMAND ${CMAKE_COMMAND} -D build=${PROJECT_BINARY_DIR} -D prefix=${prefix}
  -D "files=${installed}" -P ${here}/install.cmake)
set_tests_properties(consumer.install PROPERTIES FIXTURES_SETUP installed)

# What cannot read the version from version.hpp says the same.
add_test(NAME consumer.version COMMAND sh -ec
  "grep '\"version\": \"${PROJECT_VERSION}\"' cmake/packaging/vcpkg/vcpkg.json && grep '^## ${PROJECT_VERSION}' docs/changelog.md"
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})

find_program(URN_PKG_CONFIG pkg-config REQUIRED)
compiled(pkg_config "export PKG_CONFIG_PATH=${prefix}/share/pkgconfig
  test \"$(${URN_PKG_CONFIG} --modversion urn)\" = ${PROJECT_VERSION}
  $cxx $(${URN_PKG_CONFIG} --cflags urn) $main -o $out")
set_tests_properties(consumer.pkg_config PROPERTIES FIXTURES_REQUIRED installed)

# By CMake: built and run, or only configured, which is all that versions and components change.
set(arguments -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} -DCMAKE_PREFIX_PATH=${prefix} -DURN_SOURCE=${PROJECT_SOURCE_DIR}
  -DFETCHCONTENT_SOURCE_DIR_URN=${PROJECT_SOURCE_DIR})
function(built name from)
  add_test(NAME consumer.${name} COMMAND ${CMAKE_CTEST_COMMAND} --build-and-test ${here} ${folder}/${name}
    --build-generator ${CMAKE_GENERATOR} --build-options ${arguments} -DURN_FROM=${from} ${ARGN}
    --test-command ${folder}/${name}/consumer)
  set_tests_properties(consumer.${name} PROPERTIES FIXTURES_REQUIRED installed)
endfunction()
function(configured name from)
  add_test(NAME consumer.${name} COMMAND ${CMAKE_COMMAND} -S ${here} -B ${folder}/${name} -G ${CMAKE_GENERATOR} ${arguments}
    -DURN_FROM=${from} ${ARGN})
  set_tests_properties(consumer.${name} PROPERTIES FIXTURES_REQUIRED installed)
endfunction()
function(refused name message)
  configured(${name} find_package ${ARGN})
  set_tests_properties(consumer.${name} PROPERTIES PASS_REGULAR_EXPRESSION ${message})
endfunction()

set(no_eigen -DCMAKE_DISABLE_FIND_PACKAGE_Eigen3=ON)
built(find_package find_package ${no_eigen})
built(add_subdirectory add_subdirectory ${no_eigen})
built(fetch_content FetchContent ${no_eigen})
configured(exact_version find_package "-DVERSION=${PROJECT_VERSION}\\;EXACT")
refused(newer_version "requested version \"0.2\"" -DVERSION=0.2)
refused(unknown_component "urn::nothing is not installed here" -DCOMPONENT=nothing)
if(TARGET urn::transformer)
  configured(find_package_transformer find_package -DCOMPONENT=transformer)
  configured(add_subdirectory_transformer add_subdirectory -DCOMPONENT=transformer -DURN_TRANSFORMER=ON)
  refused(missing_dependency "urn::transformer needs Eigen3::Eigen, which is not found" -DCOMPONENT=transformer ${no_eigen})
endif()
