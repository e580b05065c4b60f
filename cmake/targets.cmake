# One target per dependency, so that nobody pays for what they do not include: urn::urn needs only C++20;
# a component urn::<name> adds the headers that need something more.
include(GNUInstallDirs)

# The folders of the core: no exceptions, no RTTI. Includes go only leftwards, here and in urn_folders.
set(urn_core_folders core random kernel processor pipeline sampler logprob stop)
set(urn_folders ${urn_core_folders} explain profile adapt model generate client convert)
list(JOIN urn_core_folders "|" urn_core_regex)
set(urn_core_regex "^urn/((${urn_core_regex})/|[^/]+$)")

file(GLOB_RECURSE urn_urn_headers RELATIVE ${PROJECT_SOURCE_DIR}/include CONFIGURE_DEPENDS include/urn/*.hpp)
set(urn_components)

# urn_interface(<target> <header>...): a header-only target that carries its headers as a file set.
function(urn_interface target)
  list(TRANSFORM ARGN PREPEND ${PROJECT_SOURCE_DIR}/include/)
  add_library(${target} INTERFACE)
  target_sources(${target} INTERFACE FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${ARGN})
endfunction()

# urn_component(<name> <regex> [COMPILED] [EXCEPT <header>...]): takes the headers whose path matches out of urn::urn;
# where there are some and URN_<NAME> is on, they make the target urn::<name>, in a file of its own if it is COMPILED.
function(urn_component name regex)
  cmake_parse_arguments(arg "COMPILED" "" "EXCEPT" ${ARGN})
  set(mine ${urn_urn_headers})
  list(FILTER mine INCLUDE REGEX "^urn/(${regex})")
  list(REMOVE_ITEM mine ${arg_EXCEPT})
  list(REMOVE_ITEM urn_urn_headers ${mine})
  set(urn_${name}_headers ${mine} PARENT_SCOPE)
  set(urn_urn_headers ${urn_urn_headers} PARENT_SCOPE)
  string(TOUPPER URN_${name} enabled)
  if(mine AND ${enabled})
    cmake_language(CALL urn_find_${name} REQUIRED)
    if(NOT arg_COMPILED)
      urn_interface(urn_${name} ${mine})
      add_library(urn::${name} ALIAS urn_${name})
      set_target_properties(urn_${name} PROPERTIES EXPORT_NAME ${name})
      target_link_libraries(urn_${name} INTERFACE urn ${urn_${name}_needs})
    endif()
    set(urn_components ${urn_components} ${name} PARENT_SCOPE)
  endif()
endfunction()

urn_component(simd "kernel/simd")
urn_component(thrust "kernel/(thrust|cuda)/|pipeline/cuda/")
set(urn_cuda_headers ${urn_thrust_headers})
list(FILTER urn_cuda_headers INCLUDE REGEX "^urn/(kernel|pipeline)/cuda/")  # which only a CUDA compiler understands
urn_component(llama_cpp "adapt/llama_cpp")
urn_component(dispatch "adapt/dispatch" COMPILED)
urn_component(transformer "model/" EXCEPT urn/model/causal_lm.hpp urn/model/archetype.hpp)
urn_component(client "client/|convert/")

urn_interface(urn ${urn_urn_headers})
add_library(urn::urn ALIAS urn)
target_compile_features(urn INTERFACE cxx_std_20)
