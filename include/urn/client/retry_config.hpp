#pragma once
/// \file
/// How often, when and what to ask again.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>

#include "urn/client/backend.hpp"
#include "urn/core/error.hpp"
#include "urn/random/philox.hpp"

namespace urn {

/// How `retrying` asks again. Its constructor throws urn::error for values outside the ranges given here.
struct retry_config {
  using duration = std::chrono::steady_clock::duration;
  static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

  std::size_t max_concurrent = 256;                       ///< attempts at once, at least 1
  std::size_t max_attempts = 10;                          ///< of one request, at least 1
  duration base_delay = std::chrono::milliseconds(500);   ///< before the second attempt; >= 0
  duration max_delay = std::chrono::seconds(10);          ///< >= base_delay
  double jitter = 0.25;                                   ///< 0 to 1: the part of a delay that varies
  duration progress_timeout = std::chrono::minutes(120);  ///< without event or answer, then stuck; > 0
  std::uint64_t seed = 0;                                 ///< of the jitter
  std::function<bool(const request_error&)> retry_on =
      {};  ///< empty: the retryable() ones; quick, not to throw
};

/// How long to wait after `failed` (at least 1) attempts of the request with that id: base * 2^(failed - 1),
/// at most max_delay, times 1 + jitter * u, where u is uniform in [-1, 1) and follows from (seed, id, failed)
/// alone: Philox4x32-10 with key = seed and counter = (failed low, failed high, FNV-1a 64 of the id).
inline retry_config::duration retry_delay(const retry_config& config, std::string_view id,
                                          std::size_t failed) {
  auto wait = static_cast<double>(config.base_delay.count());
  const auto most = static_cast<double>(config.max_delay.count());
  for (std::size_t i = 1; i < failed && wait > 0 && wait < most; ++i) wait *= 2;
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
  const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32U); };
  const words<4> bits = philox4x32({{low(failed), high(failed), low(hash), high(hash)}},
                                   {{low(config.seed), high(config.seed)}});
  const double u = static_cast<double>(bits[0]) * 0x1p-31 - 1;
  return retry_config::duration(
      static_cast<retry_config::duration::rep>(std::min(wait, most) * std::fma(config.jitter, u, 1.0)));
}

namespace detail {

inline void check_retry_config(const retry_config& config) {
  const auto need = [](bool holds, std::string_view field, std::string_view problem, std::string_view right) {
    if (!holds) throw error(std::string("retry_config: ").append(field), problem, right);
  };
  constexpr retry_config::duration none{};
  need(config.max_concurrent > 0, "max_concurrent", "is 0", "give at least 1");
  need(config.max_attempts > 0, "max_attempts", "is 0", "give at least 1, or retry_config::unlimited");
  need(config.base_delay >= none, "base_delay", "is negative", "give at least 0");
  need(config.max_delay >= config.base_delay, "max_delay", "is below base_delay", "give at least base_delay");
  need(config.max_delay < retry_config::duration::max() / 4, "max_delay", "is too long",
       "give years at most");
  need(config.jitter >= 0 && config.jitter <= 1, "jitter", "is not in 0 to 1", "give 0.25, or 0 for none");
  need(config.progress_timeout > none, "progress_timeout", "is not positive", "give hours to wait long");
}

}  // namespace detail

}  // namespace urn
