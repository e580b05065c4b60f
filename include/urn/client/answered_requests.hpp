#pragma once
/// \file
/// Requests that were answered not long ago, for those who ask again.

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "urn/client/backend.hpp"
#include "urn/client/continuation.hpp"
#include "urn/client/request_state.hpp"
#include "urn/client/sample_response.hpp"

namespace urn {

/// The last few answered requests by their ids. Not to be used from several threads at once.
class answered_requests {
 public:
  struct answered {
    sample_request request;
    sample_response response;  ///< without its sequences' content, which is here:
    std::vector<told_sequence> sequences;
  };

  /// Remembers up to `capacity`.
  explicit answered_requests(std::size_t capacity) : capacity_(capacity) {}

  [[nodiscard]] const answered* find(const std::string& id) const {
    const auto found = std::ranges::find(list_, id, [](const answered& a) { return a.request.id; });
    return found == list_.end() ? nullptr : &*found;
  }

  /// Remembers one; the id of the one that is forgotten for it, or of itself if the capacity is 0.
  std::optional<std::string> insert(answered one) {
    list_.push_back(std::move(one));
    if (list_.size() <= capacity_) return {};
    std::string forgotten = std::move(list_.front().request.id);
    list_.pop_front();
    return forgotten;
  }

 private:
  std::size_t capacity_;
  std::deque<answered> list_;  // oldest first
};

}  // namespace urn
