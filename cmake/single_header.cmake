# urn_single_header: all of urn::urn as one header, single/urn.hpp in the build folder.
find_program(URN_AWK awk)
set(script ${PROJECT_SOURCE_DIR}/cmake/single_header.awk)
set(headers ${urn_urn_headers})
list(TRANSFORM headers PREPEND ${PROJECT_SOURCE_DIR}/include/)
set(urn_single_header ${PROJECT_BINARY_DIR}/single/urn.hpp)
add_custom_command(OUTPUT ${urn_single_header} DEPENDS ${script} ${headers} VERBATIM
  COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/single
  COMMAND sh -c "\"$1\" -v root=\"$2\" -f \"$3\" >\"$4\"" -- ${URN_AWK} ${PROJECT_SOURCE_DIR} ${script} ${urn_single_header})
if(URN_BUILD_TESTS)
  set(all ALL)  # a tenth of a second
endif()
add_custom_target(urn_single_header ${all} DEPENDS ${urn_single_header})
