#pragma once
/// \file
/// Backends that fail at random: with a virtual clock, and with threads of their own.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "urn/client/backend.hpp"
#include "urn/client/clock.hpp"
#include "urn/client/sample_response.hpp"

namespace urn::test {

/// The tokens that a request's seed gives, whichever attempt draws them.
inline token_id token_at(std::uint64_t seed, std::size_t sequence, std::size_t step) {
  return static_cast<token_id>((seed * 31 + sequence * 7 + step * step) % 1000);
}

/// Fails, stalls, throws, streams half and answers late, at random; notes when attempts began and ended.
class chaotic_backend {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  struct note {
    time_point began{};
    std::optional<time_point> failed;  // when the caller could know
  };

  chaotic_backend(virtual_clock& clock, unsigned seed, duration timeout)
      : clock_(clock), random_(seed), timeout_(timeout) {}

  void submit(sample_request request, listener who) {
    auto& attempts = notes[request.id];
    const std::size_t mine = attempts.size();
    attempts.push_back({clock_.now(), std::nullopt});
    const std::string id = request.id;
    const std::size_t steps = draw(5);
    const auto pause = std::chrono::milliseconds(draw(3) == 0 ? 0 : draw(3000));
    most_running = std::max(most_running, ++running_);
    const auto thrown = [&] {
      --running_;
      failed(id, mine);
    };
    const auto play = [&](std::size_t count, std::optional<outcome> end) {
      stream(id, mine, count, pause, request, who, std::move(end));
    };
    switch (draw(8)) {
      case 0: thrown(); throw std::runtime_error("thrown");
      case 1: thrown(); throw request_error(failure::overloaded, "chaos", "thrown");
      case 2: return play(steps, request_error(failure::unavailable, "chaos", "no"));
      case 3: return play(steps, request_error(failure::overloaded, "chaos", "no"));
      case 4: return play(steps, std::nullopt);  // stalls
      case 5:
        if (draw(4) == 0) return play(steps, request_error(failure::model, "chaos", "broke"));
        [[fallthrough]];
      default: return play(5, response_of(request));
    }
  }

  std::map<std::string, std::vector<note>> notes;
  int most_running = 0;

 private:
  std::size_t draw(std::size_t below) { return random_() % below; }

  static sample_response response_of(const sample_request& request) {
    sample_response response{.id = request.id};
    for (std::size_t s = 0; s < request.params.num_samples; ++s) {
      sampled_sequence sequence;
      for (std::size_t i = 0; i < 5; ++i) sequence.tokens.push_back(token_at(*request.params.seed, s, i));
      response.sequences.push_back(sequence);
    }
    response.seed = *request.params.seed;
    return response;
  }

  void failed(const std::string& id, std::size_t attempt) { notes[id][attempt].failed = clock_.now(); }

  /// Some events now, the end after a pause or never; when cancelled, one in two says so.
  void stream(const std::string& id, std::size_t attempt, std::size_t steps, std::chrono::milliseconds pause,
              const sample_request& request, const listener& who, std::optional<outcome> end) {
    for (std::size_t i = 0; i < steps; ++i) {
      for (std::size_t s = 0; s < request.params.num_samples; ++s) {
        who.event({.sequence = s, .token = token_at(*request.params.seed, s, i)});
      }
    }
    if (!end) notes[id][attempt].failed = clock_.now() + timeout_;
    const bool late = !end && draw(2) == 0;
    const auto finish = [this, id, attempt, who, end, gone = std::make_shared<bool>(false)](bool stopped) {
      if (std::exchange(*gone, true)) return;
      --running_;
      if (end && !stopped && std::holds_alternative<request_error>(*end)) failed(id, attempt);
      if (stopped) return who.done(request_error(failure::cancelled, "chaos", "stopped"));
      who.done(end.value_or(outcome(sample_response{.id = "late"})));
    };
    const bool polite = draw(2) == 0;
    callbacks_.push_back(std::make_unique<std::stop_callback<std::function<void()>>>(
        request.cancel, [this, finish, polite, gone = std::make_shared<bool>(false)] {
          if (polite) return finish(true);
          if (!std::exchange(*gone, true)) --running_;
        }));
    if (end && pause.count() == 0 && draw(2) == 0) return finish(false);
    if (end) clock_.call_after(pause, [finish] { finish(false); });
    if (late) clock_.call_after(timeout_ * 2, [finish] { finish(false); });
  }

  virtual_clock& clock_;
  std::mt19937 random_;
  duration timeout_;
  int running_ = 0;
  std::vector<std::unique_ptr<std::stop_callback<std::function<void()>>>> callbacks_;
};

/// Answers, fails and stalls in threads of its own.
class threaded_backend {
 public:
  ~threaded_backend() {
    for (std::thread& each : threads_) each.join();
  }
  void submit(sample_request request, listener who) {
    const std::lock_guard guard(mutex_);
    const unsigned what = static_cast<unsigned>(random_() % 4);
    threads_.emplace_back([request = std::move(request), who = std::move(who), what] {
      for (token_id token = 0; token < 3; ++token) who.event({.token = token});
      if (what == 0) who.done(request_error(failure::unavailable, "threaded", "no"));
      if (what == 1) who.done(request_error(failure::overloaded, "threaded", "no"));
      if (what == 2) who.done(sample_response{.id = request.id});
    });
  }

 private:
  std::mutex mutex_;
  std::mt19937 random_{1};
  std::vector<std::thread> threads_;
};

}  // namespace urn::test
