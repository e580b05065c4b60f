#pragma once
/// \file
/// A request that is asked again until it is answered.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include "urn/client/backend.hpp"
#include "urn/client/clock.hpp"
#include "urn/client/strand.hpp"
#include "urn/core/token.hpp"

namespace urn::detail {

/// A request on its way through its attempts; guarded by its core's mutex where nothing else is said.
struct retried_request {
  enum class phase : std::uint8_t {
    waiting,  ///< for its turn
    running,  ///< in the backend
    resting,  ///< between two attempts
    over
  };
  using time_point = std::chrono::steady_clock::time_point;

  retried_request(sample_request what, listener teller, time_point when)
      : request(std::move(what)), streams(teller.event != nullptr), submitted(when), who(std::move(teller)) {}

  sample_request request;  // not changed
  bool streams;            // not changed
  time_point submitted;    // not changed
  listener who;            // used in `told` only
  strand told;             // events, then done
  std::uint64_t order = 0;
  phase now = phase::waiting;
  std::uint64_t phases = 0;        // how many there were: timers of an earlier one mean nothing
  std::size_t attempts = 0;        // how many there were: answers to an earlier one mean nothing
  std::optional<timer_key> timer;  // of this phase
  time_point progress{};           // of this attempt
  std::stop_source attempt_stop{std::nostopstate};
  std::map<std::size_t, std::vector<token_id>> delivered;  // by sequence
  std::map<std::size_t, std::size_t> seen;                 // by sequence, in this attempt
  std::optional<std::stop_callback<std::function<void()>>> on_cancel;
};

}  // namespace urn::detail
