# Takes urn in as its users do, a test each: installed, as a subdirectory, by FetchContent.
set(folder ${CMAKE_CURRENT_BINARY_DIR}/consumer)
set(prefix ${folder}/install)
add_test(NAME consumer.install COMMAND ${CMAKE_COMMAND} --install ${PROJECT_BINARY_DIR} --prefix ${prefix})
set_tests_properties(consumer.install PROPERTIES FIXTURES_SETUP installed)

# consumer(<name> <how urn is taken in> [<cmake argument>...])
function(consumer name from)
  add_test(NAME consumer.${name} COMMAND ${CMAKE_CTEST_COMMAND}
    --build-and-test ${CMAKE_CURRENT_SOURCE_DIR}/consumer ${folder}/${name} --build-generator ${CMAKE_GENERATOR}
    --build-options -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} -DURN_SOURCE=${PROJECT_SOURCE_DIR} -DURN_FROM=${from}
      -DCMAKE_PREFIX_PATH=${prefix} ${ARGN}
    --test-command ${folder}/${name}/consumer)
  set_tests_properties(consumer.${name} PROPERTIES FIXTURES_REQUIRED installed)
endfunction()

consumer(find_package find_package -DCMAKE_DISABLE_FIND_PACKAGE_Eigen3=ON)
consumer(add_subdirectory add_subdirectory -DCMAKE_DISABLE_FIND_PACKAGE_Eigen3=ON)
consumer(fetch_content FetchContent -DCMAKE_DISABLE_FIND_PACKAGE_Eigen3=ON)
if(TARGET urn::transformer)
  consumer(find_package_transformer find_package -DCOMPONENT=transformer)
  consumer(add_subdirectory_transformer add_subdirectory -DCOMPONENT=transformer -DURN_TRANSFORMER=ON)

  consumer(missing_dependency find_package -DCOMPONENT=transformer -DCMAKE_DISABLE_FIND_PACKAGE_Eigen3=ON)
  set_tests_properties(consumer.missing_dependency PROPERTIES
    PASS_REGULAR_EXPRESSION "urn::transformer needs Eigen3::Eigen, which is not found")
endif()
consumer(unknown_component find_package -DCOMPONENT=nothing)
set_tests_properties(consumer.unknown_component PROPERTIES
  PASS_REGULAR_EXPRESSION "urn::nothing is not installed here")
