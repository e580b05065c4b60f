#pragma once
/// \file
/// A backend whose answers the test gives.

#include <chrono>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "urn/client/backend.hpp"
#include "urn/client/clock.hpp"

namespace urn::test {

/// Keeps every attempt for the test to answer, or answers by `on_submit`.
struct scripted_backend {
  struct attempt {
    sample_request request;
    listener who;
    std::chrono::steady_clock::time_point when;

    void fail(failure kind, const std::string& why = "no") const {
      who.done(request_error(kind, "backend", why));
    }
    void succeed() const { who.done(sample_response{.id = request.id}); }
    void say(token_id token, std::size_t sequence = 0) const {
      who.event({.sequence = sequence, .token = token});
    }
    /// Tokens of the sequences that they belong to.
    void say(std::initializer_list<std::pair<std::size_t, token_id>> said) const {
      for (const auto& [sequence, token] : said) say(token, sequence);
    }
    bool stopped() const { return request.cancel.stop_requested(); }
  };

  explicit scripted_backend(virtual_clock& time) : clock(&time) {}
  void submit(sample_request request, listener who) {
    attempts.push_back({std::move(request), std::move(who), clock->now()});
    if (on_submit) on_submit(attempt(attempts.back()));
  }
  std::vector<std::string> ids() const {
    std::vector<std::string> all;
    for (const attempt& each : attempts) all.push_back(each.request.id);
    return all;
  }

  virtual_clock* clock;
  std::vector<attempt> attempts;
  std::function<void(attempt)> on_submit;
};

}  // namespace urn::test
