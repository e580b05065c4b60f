# The instruction sets that urn's own programs compile the vector kernels for, each with its flags; the last one has
# what the others have. A consumer gives the flags it likes.
set(urn_isas)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  set(urn_isas sse4.2 avx2-nofma avx2 avx512)
  set(urn_isa_flags_sse4.2 -msse4.2)
  set(urn_isa_flags_avx2-nofma -mavx2 -mno-fma)
  set(urn_isa_flags_avx2 -mavx2 -mfma -mf16c)
  set(urn_isa_flags_avx512 -mavx512f -mavx512bw -mavx512cd -mavx512dq -mavx512vl -mfma -mf16c)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 takes what its own AVX-512 intrinsics leave undefined on purpose for a mistake of their caller.
    list(APPEND urn_isa_flags_avx512 -Wno-uninitialized -Wno-maybe-uninitialized)
  endif()
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(urn_isas neon)
  set(urn_isa_flags_neon)
endif()
set(urn_best_isa_flags)
if(urn_isas)
  list(GET urn_isas -1 best)
  set(urn_best_isa_flags ${urn_isa_flags_${best}})
endif()

# urn_isa_test(<name> <isa>): makes the program a test that is skipped on a machine without the instruction set. It ends
# there before its first vector instruction, in a constructor before all others that is compiled for any machine.
function(urn_isa_test name isa)
  set(features ${urn_isa_flags_${isa}})
  list(FILTER features INCLUDE REGEX "^-m")
  list(FILTER features EXCLUDE REGEX "^-mno-|^-mf16c$")  # clang++ 14 cannot ask for F16C; who has AVX2 has it
  list(TRANSFORM features REPLACE "^-m(.+)" "__builtin_cpu_supports(\"\\1\") != 0")
  if(features)
    list(JOIN features " && " supported)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}.skip.cpp)
    file(CONFIGURE OUTPUT ${source} @ONLY CONTENT [[
#include <cstdio>
#include <cstdlib>

namespace {
__attribute__((constructor(101))) void skip() {
  __builtin_cpu_init();
  if (@supported@) return;
  std::puts("skipped: @name@: this machine has no @isa@");
  std::exit(77);
}
}  // namespace
]])
    add_library(${name}.skip OBJECT ${source})
    target_link_libraries(${name}.skip PRIVATE urn_program_flags)
    target_link_libraries(${name} PRIVATE ${name}.skip)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77)
endfunction()
