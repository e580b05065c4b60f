# One target per dependency, so that nobody pays for what they do not include.

# urn_headers(<target> <glob>...): the target's headers, as a file set that install and the header checks read.
function(urn_headers target)
  set(patterns ${ARGN})
  list(TRANSFORM patterns PREPEND ${PROJECT_SOURCE_DIR}/include/urn/)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${patterns})
  target_sources(${target} INTERFACE FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${headers})
endfunction()

# urn::urn - the core: only C++20.
add_library(urn INTERFACE)
add_library(urn::urn ALIAS urn)
target_compile_features(urn INTERFACE cxx_std_20)
urn_headers(urn *.hpp)
get_target_property(urn_all_headers urn HEADER_SET)
set(urn_transformer_headers ${urn_all_headers})
list(FILTER urn_transformer_headers INCLUDE REGEX "/urn/(model|generate|transformer\\.hpp)")
set(urn_core_headers ${urn_all_headers})
list(REMOVE_ITEM urn_core_headers ${urn_transformer_headers})
set_property(TARGET urn PROPERTY HEADER_SET ${urn_core_headers})

# urn::transformer - the reference model, its loaders and tokenizers: Eigen, nlohmann-json, PCRE2.
if(URN_TRANSFORMER)
  find_package(Eigen3 3.4 REQUIRED NO_MODULE)
  find_package(nlohmann_json 3.11 REQUIRED)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(pcre2 REQUIRED IMPORTED_TARGET libpcre2-8)
  find_package(Threads REQUIRED)
  add_library(urn_transformer INTERFACE)
  add_library(urn::transformer ALIAS urn_transformer)
  set_target_properties(urn_transformer PROPERTIES EXPORT_NAME transformer)
  target_link_libraries(urn_transformer INTERFACE urn::urn Eigen3::Eigen nlohmann_json::nlohmann_json
    PkgConfig::pcre2 Threads::Threads)
  target_sources(urn_transformer INTERFACE FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include
    FILES ${urn_transformer_headers})
endif()

# urn_program(<name> SOURCES <file>... [LIBRARIES <target>...]): a program of urn's own: warnings, sanitizers.
add_library(urn_program_flags INTERFACE)
target_compile_options(urn_program_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
  $<$<BOOL:${URN_WARNINGS_AS_ERRORS}>:-Werror>)
if(URN_SANITIZE)
  target_compile_options(urn_program_flags INTERFACE -fsanitize=${URN_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all -g1)
  target_link_options(urn_program_flags INTERFACE -fsanitize=${URN_SANITIZE})
endif()
function(urn_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF)
  target_link_libraries(${name} PRIVATE urn::urn urn_program_flags ${arg_LIBRARIES})
endfunction()
