#pragma once
/// \file
/// The work of a scheduler's step, divided among its threads.

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "urn/client/request_state.hpp"
#include "urn/client/step_lane.hpp"
#include "urn/core/thread_pool.hpp"
#include "urn/core/workspace.hpp"
#include "urn/model/causal_lm.hpp"

namespace urn {

/// Takes jobs and does them side by side. Used by one thread.
template <causal_lm Model, class Request>
class step_work {
 public:
  /// A lane for each of `threads` threads, with a copy of `scratch`.
  step_work(const Model& model, std::size_t threads, const workspace& scratch) : pool_(threads) {
    for (std::size_t i = 0; i < threads; ++i) lanes_.emplace_back(model, scratch);
  }

  /// Adds a job, to the lane with the least to do.
  void assign(step_job<Request> job) {
    const auto cost = [](const lane& l) { return std::pair(l.cost(), l.jobs().size()); };
    std::ranges::min_element(lanes_, {}, cost)->add(std::move(job));
  }

  /// Divides `budget` tokens among prompts: to each an equal share, what one does not need to the next;
  /// another one begins each time.
  void assign_prompts(std::vector<Request*> prompts, std::size_t budget) {
    if (prompts.empty()) return;
    const std::size_t first = turn_++ % prompts.size();
    for (std::size_t i = 0; i < prompts.size() && budget > 0; ++i) {
      Request& r = *prompts[(first + i) % prompts.size()];
      const std::size_t share = std::max<std::size_t>(1, budget / (prompts.size() - i));
      const std::size_t count = std::min(share, r.request.prompt.size() - r.computed);
      assign({&r, nullptr, r.chunk(count)});
      budget -= count;
    }
  }

  /// Begins up to `places` samples of requests whose prompts are computed, the next one always of the request
  /// with the fewest that run.
  void assign_samples(const std::vector<Request*>& ready, std::size_t places) {
    std::vector<std::pair<std::size_t, Request*>> fewest;
    for (Request* r : ready) fewest.emplace_back(r->running(), r);
    for (; places > 0 && !fewest.empty(); --places) {
      const auto next = std::ranges::min_element(fewest, {}, &decltype(fewest)::value_type::first);
      Request& r = *next->second;
      r.attempt([&] { assign({&r, &r.start_sample(), {}}); });
      ++next->first;
      if (r.unstarted() == 0 || r.failed) fewest.erase(next);
    }
  }

  /// Does the jobs. What was thrown ends up in the request to blame. The number of tokens computed.
  std::size_t run() {
    const auto idle = [](const lane& l) { return l.jobs().empty(); };
    const auto busy = static_cast<std::size_t>(std::ranges::find_if(lanes_, idle) - lanes_.begin());
    pool_.run(busy, [&](std::size_t i) { lanes_[i].run(); });
    std::size_t tokens = 0;
    for (lane& l : std::span(lanes_).first(busy)) {
      tokens += l.cost();
      for (const auto& job : l.jobs()) {
        if (job.fault) job.request->fail(failure::model, *job.fault);
      }
      l.clear();
    }
    return tokens;
  }

 private:
  using lane = step_lane<Model, Request>;

  std::vector<lane> lanes_;
  thread_pool pool_;
  std::size_t turn_ = 0;  // which prompt begins
};

}  // namespace urn
