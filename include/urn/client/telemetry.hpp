#pragma once
/// \file
/// Numbers about what the client and its backends do.

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace urn {

/// Takes numbers under a name of urn::telemetry: `count` adds to a counter, `observe` notes one value of
/// many. Must be quick, not throw, and be safe from several threads.
template <class T>
concept telemetry_sink = requires(T& sink, std::string_view name, double value) {
  { sink.count(name) } -> std::same_as<void>;
  { sink.count(name, value) } -> std::same_as<void>;
  { sink.observe(name, value) } -> std::same_as<void>;
};

/// The names that urn uses; times are in seconds. The scheduler uses all but `retries`; `retrying` counts
/// `retries` and, as each layer for itself, `failures`.
namespace telemetry {
inline constexpr std::string_view queue_time = "queue_time";  ///< observed: from submission to the first step
inline constexpr std::string_view time_to_first_token = "time_to_first_token";  ///< observed: from submission
inline constexpr std::string_view tokens_per_second = "tokens_per_second";      ///< observed: of one request
inline constexpr std::string_view batch_size = "batch_size";        ///< observed: rows of one model step
inline constexpr std::string_view cached_tokens = "cached_tokens";  ///< counted: prompt tokens not computed
inline constexpr std::string_view requests = "requests";            ///< counted: requests that a backend took
inline constexpr std::string_view retries = "retries";              ///< counted: attempts after the first
inline constexpr std::string_view failures = "failures";  ///< counted: requests that ended in an error
}  // namespace telemetry

/// Ignores everything, at no cost.
struct no_telemetry {
  constexpr void count(std::string_view, double = 1) const noexcept {}
  constexpr void observe(std::string_view, double) const noexcept {}
};

/// Keeps totals per name. Thread-safe.
class telemetry_log {
 public:
  /// All values observed under one name.
  struct summary {
    std::uint64_t count = 0;
    double min = 0;
    double mean = 0;
    double max = 0;
    double last = 0;

    friend bool operator==(const summary&, const summary&) = default;
  };

  void count(std::string_view name, double by = 1) {
    const std::lock_guard guard(mutex_);
    entry_of(counters_, name) += by;
  }

  /// A NaN is not taken.
  void observe(std::string_view name, double value) {
    if (std::isnan(value)) return;
    const std::lock_guard guard(mutex_);
    summary& all = entry_of(summaries_, name);
    ++all.count;
    all.min = all.count == 1 ? value : std::min(all.min, value);
    all.max = all.count == 1 ? value : std::max(all.max, value);
    all.mean += (value - all.mean) / static_cast<double>(all.count);
    all.last = value;
  }

  /// The counter of that name; 0 if nothing was counted.
  [[nodiscard]] double counted(std::string_view name) const {
    const std::lock_guard guard(mutex_);
    const auto found = counters_.find(name);
    return found == counters_.end() ? 0 : found->second;
  }
  /// What was observed under that name, if anything.
  [[nodiscard]] std::optional<summary> observed(std::string_view name) const {
    const std::lock_guard guard(mutex_);
    const auto found = summaries_.find(name);
    return found == summaries_.end() ? std::nullopt : std::optional(found->second);
  }

  /// All of them, as they are now.
  template <class Value>
  using by_name = std::map<std::string, Value, std::less<>>;
  [[nodiscard]] by_name<double> counters() const {
    const std::lock_guard guard(mutex_);
    return counters_;
  }
  [[nodiscard]] by_name<summary> summaries() const {
    const std::lock_guard guard(mutex_);
    return summaries_;
  }

 private:
  template <class Value>
  static Value& entry_of(by_name<Value>& values, std::string_view name) {
    const auto found = values.find(name);
    return found != values.end() ? found->second : values[std::string(name)];
  }

  mutable std::mutex mutex_;
  by_name<double> counters_;
  by_name<summary> summaries_;
};

}  // namespace urn
