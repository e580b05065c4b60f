#pragma once
/// \file
/// Requests that share an id: who asks again follows the request that runs, or hears once more what it was
/// told.

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

/// Whether two requests ask for the same.
inline bool same_request(const sample_request& a, const sample_request& b) {
  return a.prompt == b.prompt && a.params == b.params &&
         a.include_prompt_logprobs == b.include_prompt_logprobs &&
         a.topk_prompt_logprobs == b.topk_prompt_logprobs && a.score_only == b.score_only;
}

/// The request of a list (of unique_ptr) with that id; null if there is none, and for an empty id, which
/// names nothing.
template <class List>
auto with_id(const List& list, const std::string& id) -> decltype(list.front().get()) {
  if (id.empty()) return nullptr;
  const auto found = std::ranges::find(list, id, [](const auto& r) { return r->request.id; });
  return found == list.end() ? nullptr : found->get();
}

namespace detail {
/// Whether `again` asks for what `named`, which has its id, does not; who asks is then told so.
template <class Request>
bool refuse_other(const Request& again, const sample_request& named) {
  if (same_request(again.request, named)) return false;
  for (const follower& f : again.followers) {
    f.end(request_error(failure::invalid, "id " + named.id, "it names another request",
                        "give each request an id of its own, or none"));
  }
  return true;
}
}  // namespace detail

/// Lets those who ask again follow the request that runs: they are told its events so far and then hear the
/// rest. If they ask for something else, they end with failure::invalid.
template <class Request>
void join(const Request& again, Request& running) {
  if (detail::refuse_other(again, running.request)) return;
  for (const follower& f : again.followers) {
    for (const auto& s : running.samples) {
      for (std::size_t i = 0; i < s.told; ++i) f.tell(s.event(s.index, i));
    }
    running.followers.push_back(f);
  }
}

/// The last few answered requests by their ids. Not to be used from several threads at once.
class answered_requests {
 public:
  /// Remembers up to `capacity`.
  explicit answered_requests(std::size_t capacity) : capacity_(capacity) {}

  /// Tells those who ask again what the id was answered, event by event; failure::invalid, if they ask for
  /// something else. False: the id is not remembered. O(capacity + events).
  template <class Request>
  bool replay(const Request& again) const {
    const auto before =
        std::ranges::find(list_, again.request.id, [](const answered& a) { return a.request.id; });
    if (before == list_.end()) return false;
    if (detail::refuse_other(again, before->request)) return true;
    for (const follower& f : again.followers) before->tell(f);
    return true;
  }

  /// Remembers a request that was answered and has an id; takes its content. Gives the id of the one that is
  /// forgotten for it, or its own if the capacity is 0.
  template <class Request>
  std::optional<std::string> remember(Request& ended) {
    if (ended.request.id.empty()) return {};
    answered& one = list_.emplace_back(std::move(ended.request), std::move(ended.answer));
    for (auto& s : ended.samples) one.sequences.push_back(std::move(s));
    if (list_.size() <= capacity_) return {};
    std::string forgotten = std::move(list_.front().request.id);
    list_.pop_front();
    return forgotten;
  }

 private:
  struct answered {
    sample_request request;
    sample_response answer;  // without its sequences, which are here:
    std::vector<told_sequence> sequences;

    answered(sample_request r, sample_response a) : request(std::move(r)), answer(std::move(a)) {}

    void tell(const follower& f) const {
      for (std::size_t s = 0; s < sequences.size(); ++s) {
        for (std::size_t i = 0; i < sequences[s].shown.size(); ++i) f.tell(sequences[s].event(s, i));
      }
      f.end(with_sequences(answer, sequences));
    }
  };

  std::size_t capacity_;
  std::deque<answered> list_;  // oldest first
};

}  // namespace urn
