#pragma once
/// \file
/// What a row's result says about the row: the core reports, it never throws.

#include <cstdint>

namespace urn {

/// Flags of one row; several may be set. `ok` is none of them.
enum class status : std::uint8_t {
  ok = 0,
  nan = 1,            ///< some logits were NaN and counted as -inf; the token, if any, is valid
  infinite = 2,       ///< some logits were +inf; the first of them took the whole mass
  empty = 4,          ///< no token is left: every logit is -inf or NaN
  out_of_range = 8,   ///< max logit / temperature is beyond +-2^21 / log2(e): its masses are not defined
  bad_argument = 16,  ///< a parameter was refused before any kernel ran (id out of range, NaN, ...)
  no_space = 32,      ///< the workspace is smaller than this row or its edits need
  device_error = 64   ///< of a batch: the device refused the kernel, and nothing is drawn
};

constexpr status operator|(status a, status b) {
  return static_cast<status>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr status operator&(status a, status b) {
  return static_cast<status>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}
constexpr status& operator|=(status& a, status b) { return a = a | b; }

/// True if any flag of `flags` is set in `s`.
constexpr bool has(status s, status flags) { return (s & flags) != status::ok; }

/// True if the row could give no probability at all, and so no drawn token.
constexpr bool failed(status s) {
  return has(s, status::empty | status::out_of_range | status::bad_argument | status::no_space |
                    status::device_error);
}

}  // namespace urn
