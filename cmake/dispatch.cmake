# urn::dispatch: one pipeline compiled for several instruction sets, chosen at start.
#
# Inline functions compiled with different -m flags must not meet in a linker, which keeps any one of those with equal
# names: a program for every machine would then run AVX-512 code on all. Names that carry the flags (an inline namespace
# around all of urn) would part urn's functions, not the standard library's templates that they use. So each variant is
# linked to one object that stands for itself: without groups, of which a linker drops all but the first, and with
# everything but its one function made local. That is GNU ld's (or a newer lld's) and objcopy's work.

# urn_dispatch_variant(<out> <set> <flag>...): the object that defines urn_draw_<set> alone.
function(urn_dispatch_variant out set)
  set(name urn_dispatch.${set})
  set(function urn_draw_${set})
  set(joined ${PROJECT_BINARY_DIR}/${name}.joined.o)
  set(alone ${PROJECT_BINARY_DIR}/${name}.o)
  add_library(${name} OBJECT ${PROJECT_SOURCE_DIR}/cmake/dispatch/draw.cpp)
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON INTERPROCEDURAL_OPTIMIZATION OFF)
  target_compile_definitions(${name} PRIVATE URN_DISPATCHED_DRAW=${function})
  target_compile_options(${name} PRIVATE -fno-exceptions -fno-rtti -fno-lto $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>
    $<$<CONFIG:Release>:-O2> ${ARGN})
  target_link_libraries(${name} PRIVATE urn::simd urn_program_flags)
  add_custom_command(OUTPUT ${alone} DEPENDS ${name} $<TARGET_OBJECTS:${name}> VERBATIM
    COMMAND ${CMAKE_CXX_COMPILER} -r -nostdlib -Wl,--force-group-allocation $<TARGET_OBJECTS:${name}> -o ${joined}
    COMMAND ${CMAKE_OBJCOPY} --keep-global-symbol=${function} ${joined} ${alone})
  set(${out} ${alone} PARENT_SCOPE)
endfunction()

urn_dispatch_variant(baseline_object baseline)
set(urn_dispatch_objects ${baseline_object})
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  set(of_gnu_v4 $<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized> $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)  # see isa.cmake
  foreach(level v2 v3 v4)
    urn_dispatch_variant(${level}_object x86_64_${level} -march=x86-64-${level} ${of_gnu_${level}})
    list(APPEND urn_dispatch_objects ${${level}_object})
  endforeach()
endif()

add_library(urn_dispatch STATIC cmake/dispatch/choose.cpp ${urn_dispatch_objects})
add_library(urn::dispatch ALIAS urn_dispatch)
target_sources(urn_dispatch PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include
  FILES ${PROJECT_SOURCE_DIR}/include/${urn_dispatch_headers})
set_target_properties(urn_dispatch PROPERTIES EXPORT_NAME dispatch CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
target_link_libraries(urn_dispatch PUBLIC urn PRIVATE $<BUILD_INTERFACE:urn_simd> $<BUILD_INTERFACE:urn_program_flags>)
