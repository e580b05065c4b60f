// Which of the compiled pipelines runs here.
#include <concepts>
#include <xsimd/xsimd.hpp>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "urn/adapt/dispatch.hpp"

namespace {

using urn::instruction_set;

#if defined(__x86_64__)
/// What of a level's instructions __builtin_cpu_supports cannot be asked for by every compiler; those of a
/// processor that lacks LZCNT are taken for others.
bool has_f16c_movbe_lzcnt() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c >> 29 & 1U) == 0 || (c >> 22 & 1U) == 0) return false;
  return __get_cpuid(0x80000001U, &a, &b, &c, &d) != 0 && (c >> 5 & 1U) != 0;
}

/// Whether all that the compiler may use for the set is there, and the operating system keeps its registers:
/// xsimd knows its own architectures, of which some are less than a level, and 8.1 does not ask the system.
bool runs_here(instruction_set set) {
  switch (set) {
    case instruction_set::baseline: return true;
    case instruction_set::x86_64_v2:
      return __builtin_cpu_supports("sse4.2") != 0 && __builtin_cpu_supports("popcnt") != 0;
    case instruction_set::x86_64_v3:
      return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
             __builtin_cpu_supports("bmi") != 0 && __builtin_cpu_supports("bmi2") != 0 &&
             has_f16c_movbe_lzcnt();
    case instruction_set::x86_64_v4:
      return runs_here(instruction_set::x86_64_v3) && __builtin_cpu_supports("avx512f") != 0 &&
             __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512cd") != 0 &&
             __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0;
  }
  return false;
}

using architectures = xsimd::arch_list<xsimd::avx512bw, xsimd::fma3<xsimd::avx2>, xsimd::sse4_2, xsimd::sse2>;
#else
bool runs_here(instruction_set set) { return set == instruction_set::baseline; }
using architectures = xsimd::arch_list<xsimd::default_arch>;
#endif

/// The best set of those up to the architecture that xsimd found.
struct best_set {
  template <class Arch>
  instruction_set operator()(Arch) const {
    auto set = static_cast<unsigned>(largest<Arch>());
    while (!runs_here(static_cast<instruction_set>(set))) --set;
    return static_cast<instruction_set>(set);
  }

 private:
  template <class Arch>
  static constexpr instruction_set largest() {
    if (std::same_as<Arch, xsimd::avx512bw>) return instruction_set::x86_64_v4;
    if (std::same_as<Arch, xsimd::fma3<xsimd::avx2>>) return instruction_set::x86_64_v3;
    if (std::same_as<Arch, xsimd::sse4_2>) return instruction_set::x86_64_v2;
    return instruction_set::baseline;
  }
};

}  // namespace

extern "C" {
urn::detail::dispatched_draw urn_draw_baseline;
#if defined(__x86_64__)
urn::detail::dispatched_draw urn_draw_x86_64_v2, urn_draw_x86_64_v3, urn_draw_x86_64_v4;
#endif
}

namespace urn {

instruction_set dispatched_instruction_set() {
  static const instruction_set best = xsimd::dispatch<architectures>(best_set{})();
  return best;
}

detail::dispatched_draw* detail::dispatched_draw_for(instruction_set set) {
#if defined(__x86_64__)
  constexpr dispatched_draw* all[] = {urn_draw_baseline, urn_draw_x86_64_v2, urn_draw_x86_64_v3,
                                      urn_draw_x86_64_v4};
  return all[static_cast<unsigned>(set)];
#else
  return set == instruction_set::baseline ? urn_draw_baseline : nullptr;
#endif
}

detail::dispatched_draw* detail::best_dispatched_draw() {
  static dispatched_draw* const best = dispatched_draw_for(dispatched_instruction_set());
  return best;
}

}  // namespace urn
