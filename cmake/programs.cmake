# urn's own programs: tests, examples, benchmarks. Nothing here reaches a consumer.

add_library(urn_program_flags INTERFACE)
target_compile_options(urn_program_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
  $<$<BOOL:${URN_WARNINGS_AS_ERRORS}>:-Werror>
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:--param=ggc-min-heapsize=524288>  # KB; collecting garbage is a tenth of g++'s time
  $<$<BOOL:${URN_NO_EXCEPTIONS}>:-fno-exceptions -fno-rtti>)
if(URN_SANITIZE)
  target_compile_options(urn_program_flags INTERFACE -fsanitize=${URN_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer -O1 -g1)
  target_compile_definitions(urn_program_flags INTERFACE _GLIBCXX_ASSERTIONS)
  target_link_options(urn_program_flags INTERFACE -fsanitize=${URN_SANITIZE})
endif()

# urn_program(<name> SOURCES <file>... [LIBRARIES <target>...])
function(urn_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF)
  target_link_libraries(${name} PRIVATE urn::urn urn_program_flags ${arg_LIBRARIES})
endfunction()

# urn_components_of(<out> <source> [<folder>]): the components whose headers the source includes, directly or by
# a file of its own folder or of <folder>.
function(urn_components_of out source)
  cmake_path(GET source PARENT_PATH beside)
  set(found)
  file(STRINGS ${source} lines REGEX "^#include [<\"]")
  foreach(line ${lines})
    string(REGEX REPLACE "^#include [<\"]([^>\"]+).*" "\\1" path ${line})
    foreach(component simd thrust llama_cpp dispatch transformer client)
      if(path IN_LIST urn_${component}_headers)
        list(APPEND found ${component})
      endif()
    endforeach()
    foreach(folder ${beside} ${ARGN})
      if(EXISTS ${folder}/${path})
        urn_components_of(more ${folder}/${path} ${ARGN})
        list(APPEND found ${more})
        break()
      endif()
    endforeach()
  endforeach()
  list(REMOVE_DUPLICATES found)
  set(${out} ${found} PARENT_SCOPE)
endfunction()

# urn_tested_program(<name> <source> [FOLDER <folder>] [LIBRARIES <target>...]): a program that is a test, linked to
# the components it includes; left out where one of them is not built. <name>_built says which.
function(urn_tested_program name source)
  cmake_parse_arguments(arg "" "FOLDER" "LIBRARIES" ${ARGN})
  set(${name}_built FALSE PARENT_SCOPE)
  urn_components_of(components ${source} ${arg_FOLDER})
  foreach(component ${components})
    if(NOT TARGET urn::${component})
      message(STATUS "${name} is left out: urn::${component} is not built")
      return()
    endif()
    list(APPEND arg_LIBRARIES urn::${component})
  endforeach()
  urn_program(${name} SOURCES ${source} LIBRARIES ${arg_LIBRARIES})
  set(${name}_built TRUE PARENT_SCOPE)
  if(URN_BUILD_TESTS)
    add_test(NAME ${name} COMMAND ${name})
    set_property(GLOBAL APPEND PROPERTY urn_tested_sources ${source})
  endif()
endfunction()

# urn_precompiled(<name> HEADERS <header>... [FLAGS <flag>...] [LIBRARIES <target>...]): headers parsed once for all
# programs with these flags, which reuse them by target_precompile_headers(<program> REUSE_FROM <name>).
function(urn_precompiled name)
  cmake_parse_arguments(arg "" "" "HEADERS;FLAGS;LIBRARIES" ${ARGN})
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "// Stands for the precompiled headers.\n")
  add_library(${name} OBJECT ${source})
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_options(${name} PRIVATE ${arg_FLAGS})
  target_link_libraries(${name} PRIVATE urn::urn urn_program_flags ${arg_LIBRARIES})
  target_precompile_headers(${name} PRIVATE ${arg_HEADERS})
endfunction()
