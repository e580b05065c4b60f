#pragma once
/// \file
/// A request to ask with, and what its caller is told.

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "urn/client/backend.hpp"

namespace urn::test {

inline sample_request request_of(std::string id, std::stop_token cancel = {}) {
  return {.id = std::move(id), .prompt = {1}, .params = {}, .cancel = std::move(cancel)};
}
inline sample_request request_due(std::string id, std::chrono::milliseconds deadline) {
  sample_request request = request_of(std::move(id));
  request.params.deadline = deadline;
  return request;
}

/// What a caller was told. Stays where it is while its ears are in use.
struct caller {
  std::vector<stream_event> events;
  std::vector<outcome> outcomes;

  listener ears(bool stream = false) {
    listener who{.done = [this](outcome result) { outcomes.push_back(std::move(result)); }, .event = {}};
    if (stream) {
      who.event = [this](const stream_event& event) {
        EXPECT_TRUE(outcomes.empty());
        events.push_back(event);
      };
    }
    return who;
  }
  std::vector<token_id> tokens(std::size_t sequence = 0) const {
    std::vector<token_id> all;
    for (const stream_event& event : events) {
      if (event.sequence == sequence) all.push_back(event.token);
    }
    return all;
  }
  bool succeeded() const {
    return outcomes.size() == 1 && std::holds_alternative<sample_response>(outcomes[0]);
  }
  const sample_response& response() const { return std::get<sample_response>(outcomes.at(0)); }
  std::optional<failure> kind() const {
    if (outcomes.size() != 1 || succeeded()) return std::nullopt;
    return std::get<request_error>(outcomes[0]).kind();
  }
  std::string what() const { return kind() ? std::get<request_error>(outcomes[0]).what() : ""; }
};

}  // namespace urn::test
