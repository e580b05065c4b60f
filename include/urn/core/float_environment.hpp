#pragma once
/// \file
/// Round to nearest, keep subnormals: the float environment that every result of urn is defined in.

#include <cstdint>

#include "urn/core/platform.hpp"

namespace urn {

/// While it lives, this thread rounds to nearest and keeps subnormals; the caller's mode comes back at its
/// end. A program linked with -ffast-math flushes subnormals in the whole process; a row must not notice. A
/// few cycles.
class float_environment {
 public:
  URN_HOST_DEVICE float_environment() : saved_(read()) {
    if (saved_ != with_defaults(saved_)) write(with_defaults(saved_));
  }
  URN_HOST_DEVICE ~float_environment() {
    if (saved_ != with_defaults(saved_)) write(saved_);
  }
  float_environment(const float_environment&) = delete;
  float_environment& operator=(const float_environment&) = delete;

 private:
#if URN_DEVICE_PASS
  using word = int;  // a GPU has no modes: every instruction carries its own
  URN_HOST_DEVICE static word with_defaults(word w) { return w; }
  URN_HOST_DEVICE static word read() { return 0; }
  URN_HOST_DEVICE static void write(word) {}
#elif defined(__x86_64__)
  using word = std::uint32_t;
  // MXCSR: flush-to-zero is bit 15, rounding bits 13 and 14, denormals-are-zero bit 6; exceptions stay as
  // they are.
  static word with_defaults(word w) { return w & ~0xE040U; }
  static word read() { return __builtin_ia32_stmxcsr(); }
  static void write(word w) { __builtin_ia32_ldmxcsr(w); }
#elif defined(__aarch64__)
  using word = std::uint64_t;
  // FPCR: FZ is bit 24, rounding bits 22 and 23, FZ16 bit 19.
  static word with_defaults(word w) { return w & ~0x1C80000ULL; }
  static word read() {
    word w;
    asm volatile("mrs %0, fpcr" : "=r"(w));
    return w;
  }
  static void write(word w) { asm volatile("msr fpcr, %0" : : "r"(w)); }
#else
  using word = int;
  static word with_defaults(word w) { return w; }
  static word read() { return 0; }
  static void write(word) {}
#endif

  word saved_;
};

}  // namespace urn
