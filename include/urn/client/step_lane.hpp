#pragma once
/// \file
/// One thread's part of a scheduler's step: a batch for the model, then a draw for each row.

#include <cstddef>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "urn/client/request_state.hpp"
#include "urn/core/workspace.hpp"
#include "urn/model/causal_lm.hpp"

namespace urn {

/// What one step does for one sample, or for a request's prompt.
template <class Request>
struct step_job {
  Request* request;
  typename Request::sample* sample;    ///< null: the next tokens of the prompt
  std::span<const token_id> tokens;    ///< to feed to the model; none: draw from the request's first_row
  std::optional<std::string> fault{};  ///< what was thrown

  [[nodiscard]] auto item() const {
    return sample != nullptr ? forward_item<typename Request::sequence>{&*sample->past, tokens}
                             : forward_item<typename Request::sequence>{&*request->prompt_state, tokens,
                                                                        request->rows_for(tokens.size())};
  }
};

/// Jobs with what their thread needs. Each lane is run by one thread at a time.
template <causal_lm Model, class Request>
class step_lane {
 public:
  /// What a lane does.
  using job = step_job<Request>;

  step_lane(const Model& model, workspace scratch) : model_(&model), scratch_(std::move(scratch)) {}

  /// For the next step.
  void clear() {
    jobs_.clear();
    cost_ = 0;
  }
  void add(job next) {
    cost_ += next.tokens.size();
    jobs_.push_back(std::move(next));
  }
  [[nodiscard]] std::span<const job> jobs() const { return jobs_; }
  /// Tokens to compute.
  [[nodiscard]] std::size_t cost() const { return cost_; }

  /// Does all jobs; what is thrown ends up in the job that is to blame. If the model throws for the whole
  /// batch, each job is tried alone, so that the others go on; they get the same logits.
  void run() noexcept {
    items_.clear();
    for (const job& j : jobs_) {
      if (!j.tokens.empty()) items_.push_back(j.item());
    }
    std::vector<std::size_t> sizes;
    for (const item& i : items_) sizes.push_back(i.sequence->size());
    const bool whole = items_.empty() || !attempt([&] { model_->forward(items_, logits_); });
    std::size_t next = 0;
    std::size_t row = 0;
    for (job& j : jobs_) {
      if (!j.tokens.empty() && !whole) {
        row = 0;
        j.fault = attempt([&] { retry(items_[next], sizes[next]); });
      }
      if (!j.fault) j.fault = attempt([&] { take(j, row); });
      if (j.tokens.empty()) continue;
      row += items_[next].rows();
      ++next;
    }
  }

 private:
  using item = forward_item<typename Model::sequence>;

  /// What `action` throws, as text.
  template <class Action>
  static std::optional<std::string> attempt(const Action& action) {
    try {
      action();
      return {};
    } catch (const std::exception& thrown) {
      return thrown.what();
    } catch (...) {
      return "it threw something that is no std::exception";
    }
  }

  /// Computes one item again, whose sequence had `size` tokens.
  void retry(const item& one, std::size_t size) {
    if (one.sequence->size() != size) one.sequence->truncate(size);
    model_->forward(std::span(&one, 1), logits_);
  }

  /// Takes in what the model gave, from `row` on.
  void take(const job& j, std::size_t row) {
    if (j.sample == nullptr) {
      j.request->take_chunk(j.tokens.size(), logits_, row, scratch_);
    } else {
      const auto& logits = std::as_const(logits_);
      j.request->draw_for(*j.sample, j.tokens.empty() ? std::span(j.request->first_row) : logits.row(row),
                          scratch_);
    }
  }

  const Model* model_;
  workspace scratch_;
  logits_buffer logits_;
  std::vector<job> jobs_;
  std::vector<item> items_;
  std::size_t cost_ = 0;
};

}  // namespace urn
