# What each component stands on beside C++20, found the same way by urn's own build and by its installed package.
# urn_find_<component>(<REQUIRED|QUIET>) looks for it; the targets in urn_<component>_needs must then be there. pkg-config
# calls it urn_<component>_packages; it does not know Thrust.

set(urn_simd_needs xsimd)
set(urn_simd_packages xsimd)
macro(urn_find_simd mode)
  find_package(xsimd 8.1 ${mode} GLOBAL)
  if(TARGET xsimd AND NOT TARGET xtl)  # which Debian's package asks to link, but neither has nor uses
    set_property(TARGET xsimd PROPERTY INTERFACE_LINK_LIBRARIES)
  endif()
endmacro()

# Thrust is headers: those of a CUDA toolkit, whose newer versions keep them in a folder of their own, or Debian's.
set(urn_thrust_needs urn_thrust::headers)
macro(urn_find_thrust mode)
  find_path(URN_THRUST_INCLUDE thrust/version.h HINTS ${CUDAToolkit_ROOT} ENV CUDAToolkit_ROOT ENV CUDA_PATH
    /usr/local/cuda PATH_SUFFIXES include/cccl include DOC "The folder with thrust/version.h")
  if(URN_THRUST_INCLUDE AND NOT TARGET urn_thrust::headers)
    add_library(urn_thrust::headers INTERFACE IMPORTED GLOBAL)
    set_property(TARGET urn_thrust::headers PROPERTY INTERFACE_INCLUDE_DIRECTORIES ${URN_THRUST_INCLUDE})
  elseif(NOT URN_THRUST_INCLUDE AND "${mode}" STREQUAL "REQUIRED")
    message(FATAL_ERROR "urn::thrust needs Thrust, but there is no thrust/version.h in a CUDA toolkit or in the "
      "system's headers: set CUDAToolkit_ROOT, install libthrust-dev, or turn URN_THRUST off")
  endif()
endmacro()

# urn::llama_cpp includes <llama.h>, of whichever llama.cpp its user links: there is nothing to find.
set(urn_llama_cpp_needs)
macro(urn_find_llama_cpp mode)
endmacro()

# urn::dispatch is compiled with xsimd, and used without.
set(urn_dispatch_needs)
macro(urn_find_dispatch mode)
endmacro()

set(urn_transformer_needs Eigen3::Eigen nlohmann_json::nlohmann_json PkgConfig::urn_pcre2 Threads::Threads)
set(urn_transformer_packages eigen3 nlohmann_json libpcre2-8)
macro(urn_find_transformer mode)
  find_package(Eigen3 3.4 ${mode} GLOBAL NO_MODULE)
  find_package(nlohmann_json 3.11 ${mode} GLOBAL)
  find_package(Threads ${mode} GLOBAL)
  find_package(PkgConfig ${mode})
  if(PkgConfig_FOUND)
    pkg_check_modules(urn_pcre2 ${mode} IMPORTED_TARGET GLOBAL libpcre2-8)
  endif()
endmacro()

set(urn_client_needs urn::transformer)
set(urn_client_packages urn-transformer)
macro(urn_find_client mode)
  urn_find_transformer(${mode})
  if(NOT TARGET urn::transformer AND EXISTS ${CMAKE_CURRENT_LIST_DIR}/urn-transformer.cmake)
    include(${CMAKE_CURRENT_LIST_DIR}/urn-transformer.cmake)
  endif()
endmacro()
