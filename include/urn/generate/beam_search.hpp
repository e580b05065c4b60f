#pragma once
/// \file
/// beam_search: the most likely continuations instead of random ones, several at a time; with groups, diverse
/// ones (Vijayakumar et al., "Diverse beam search", 2018). A state machine that asks for rows of logits and
/// takes them; `generate_beams` runs it on a model.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "urn/core/draw.hpp"
#include "urn/core/error.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/row.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/exponential.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/policy.hpp"
#include "urn/logprob/logprobs.hpp"
#include "urn/model/causal_lm.hpp"
#include "urn/pipeline/pipeline.hpp"
#include "urn/processor/stage.hpp"
#include "urn/sampler/greedy.hpp"

namespace urn {

/// When a group with as many hypotheses as beams ends.
enum class beam_stop : std::uint8_t {
  likely,  ///< when the best running beam, were it to end now, is not better than the worst (transformers:
           ///< False)
  full,    ///< at once (transformers: True)
  never    ///< when no continuation up to the length limit can be better (transformers: "never")
};

/// What beams are searched for; checked before the first step.
struct beam_options {
  std::size_t beams = 4;
  std::size_t max_tokens = 16;  ///< of a hypothesis, its end token included
  float length_penalty = 1.0F;  ///< scores are divided by length^this; above 0 favours long ones
  beam_stop stop = beam_stop::likely;
  std::vector<token_id> end_tokens{};
  std::size_t groups = 1;  ///< a divisor of beams; each group searches by itself
  float diversity_penalty =
      0.0F;  ///< taken from a token's logprob for each beam of an earlier group that took it
};

/// A continuation so far, or a finished one.
struct beam {
  std::vector<token_id> tokens{};
  double logprob = 0;        ///< the sum of the tokens', less what diversity cost
  double score = 0;          ///< of a finished one: logprob / length^length_penalty
  std::uint32_t parent = 0;  ///< of a running one: the beam that it continues, in the order of the last step
};

namespace detail {

/// A continuation by one token of the beams of a group.
struct beam_candidate {
  double logprob;
  std::uint32_t parent;
  token_id token;
};

/// The order of beams: more likely first; of equals the one of the earlier beam, then of the smaller id.
inline bool is_before(const beam_candidate& a, const beam_candidate& b) {
  if (a.logprob != b.logprob) return a.logprob > b.logprob;
  return a.parent != b.parent ? a.parent < b.parent : a.token < b.token;
}

/// One group of beams, which ends by itself.
class beam_group {
 public:
  explicit beam_group(const beam_options& options)
      : options_(&options), size_(options.beams / options.groups), running_(1) {}

  [[nodiscard]] bool done() const { return running_.empty(); }
  [[nodiscard]] const std::vector<beam>& running() const { return running_; }
  [[nodiscard]] std::vector<beam>& running() { return running_; }
  [[nodiscard]] const std::vector<beam>& finished() const { return finished_; }
  /// The tokens that its beams went on with in the last step.
  [[nodiscard]] std::span<const token_id> chosen() const { return chosen_; }
  /// How many candidates it needs, so that enough are left when some end.
  [[nodiscard]] std::size_t wanted() const {
    return std::max<std::size_t>(2, 1 + options_->end_tokens.size()) * size_;
  }

  /// Goes on with the best of the candidates.
  void take(std::vector<beam_candidate>& candidates) {
    const std::size_t n = std::min(wanted(), candidates.size());
    std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(n),
                      candidates.end(), is_before);
    std::vector<beam> next;
    chosen_.clear();
    for (std::size_t i = 0; i < n; ++i) {
      const bool ends = is_end(candidates[i]);
      const bool is_last = running_[candidates[i].parent].tokens.size() + 1 >= options_->max_tokens;
      if ((ends || is_last) && i < size_) finish(candidates[i]);
      if (ends || chosen_.size() == size_) continue;
      chosen_.push_back(candidates[i].token);
      if (!is_last) next.push_back(continued(candidates[i]));
    }
    running_ = std::move(next);
    if (!running_.empty() && !can_improve()) running_.clear();
  }

 private:
  [[nodiscard]] bool is_end(const beam_candidate& c) const {
    const auto& ends = options_->end_tokens;
    return std::find(ends.begin(), ends.end(), c.token) != ends.end();
  }
  [[nodiscard]] beam continued(const beam_candidate& c) const {
    beam b{running_[c.parent].tokens, c.logprob, 0, c.parent};
    b.tokens.push_back(c.token);
    return b;
  }
  /// Of the hypotheses the best are kept, an earlier one before an equal.
  void finish(const beam_candidate& c) {
    beam b = continued(c);
    b.score = exact::div(b.logprob, weight(b.tokens.size()));
    const auto later = [&](const beam& other) { return other.score < b.score; };
    finished_.insert(std::find_if(finished_.begin(), finished_.end(), later), std::move(b));
    if (finished_.size() > size_) finished_.pop_back();
  }
  /// length^length_penalty.
  [[nodiscard]] double weight(std::size_t length) const {
    const double log2_of_length = exact::div(kernel::natural_log(std::uint64_t{length}), kernel::ln2);
    return kernel::exp2(exact::mul(log2_of_length, static_cast<double>(options_->length_penalty)));
  }
  [[nodiscard]] bool can_improve() const {
    if (finished_.size() < size_) return true;
    if (options_->stop == beam_stop::full) return false;
    const beam& best = running_.front();
    const bool by_limit = options_->stop == beam_stop::never && options_->length_penalty > 0;
    const std::size_t length = by_limit ? options_->max_tokens : best.tokens.size();
    return exact::div(best.logprob, weight(length)) > finished_.back().score;
  }

  const beam_options* options_;
  std::size_t size_;
  std::vector<beam> running_;
  std::vector<beam> finished_;
  std::vector<token_id> chosen_;
};

}  // namespace detail

/// Looks for the continuations with the largest scores; transformers' beams, where it has them. A step:
///
///     while (!search.done()) search.advance(urn::simd, stages, logits of search.running(), prompt, scratch);
///
/// All decisions are by exact masses and double arithmetic, the same everywhere. Not copyable; used by one
/// thread at a time; allocates.
class beam_search {
 public:
  /// bad_argument: no beams, no tokens, groups that do not divide the beams, or a NaN.
  [[nodiscard]] static status check(const beam_options& o) {
    const bool good = o.beams > 0 && o.max_tokens > 0 && o.groups > 0 && o.beams % o.groups == 0 &&
                      !exact::is_nan(o.length_penalty) && !exact::is_nan(o.diversity_penalty);
    return good ? status::ok : status::bad_argument;
  }

  /// Options that `check` refuses leave nothing to do.
  explicit beam_search(beam_options options) : options_(std::move(options)) {
    if (check(options_) != status::ok) return;
    groups_.assign(options_.groups, detail::beam_group(options_));
    gather();
  }
  beam_search(const beam_search&) = delete;
  beam_search& operator=(const beam_search&) = delete;
  ~beam_search() = default;

  [[nodiscard]] bool done() const { return running_.empty(); }
  /// The beams to compute logits for, group by group; at first one without tokens for each group. `parent`
  /// is a place in what this was before.
  [[nodiscard]] std::span<const beam> running() const { return running_; }
  /// The hypotheses, the best score first; of equals the earlier group's.
  [[nodiscard]] std::vector<beam> finished() const {
    std::vector<beam> all;
    for (const auto& group : groups_) all.insert(all.end(), group.finished().begin(), group.finished().end());
    std::stable_sort(all.begin(), all.end(), [](const beam& a, const beam& b) { return a.score > b.score; });
    return all;
  }

  /// Takes the rows of running(), in its order, each as `stages` (a pipeline without a sampler) make it, with
  /// the prompt and the beam's tokens as history. A row without a distribution ends its beam.
  template <execution_policy Policy, pipeline_stage Stages, logit_type T>
  void advance(Policy policy, const Stages& stages, batch_view<T> rows, std::span<const token_id> prompt,
               workspace& scratch) {
    const auto best_of_row = stages | greedy{} | logprobs{.raw = false};
    taken_.clear();
    std::size_t row = 0;
    for (auto& group : groups_) {
      std::vector<detail::beam_candidate> candidates;
      for (std::uint32_t i = 0; i < group.running().size(); ++i, ++row) {
        const beam& b = group.running()[i];
        std::vector<token_logprob> best(std::min(group.wanted() + taken_.size(), rows.columns));
        const draw_context context{.history = {prompt, b.tokens}, .top_logprobs = best};
        const draw d = best_of_row(policy, rows.row(row), context, scratch);
        if (d.token != no_token) add(best, b.logprob, i, candidates);
      }
      if (group.done()) continue;
      group.take(candidates);
      if (options_.diversity_penalty == 0.0F) continue;
      taken_.insert(taken_.end(), group.chosen().begin(), group.chosen().end());
    }
    gather();
  }

 private:
  /// Adds the continuations of one beam, at the price of those that earlier groups took.
  void add(std::span<const token_logprob> best, double before, std::uint32_t parent,
           std::vector<detail::beam_candidate>& to) const {
    for (const token_logprob& t : best) {
      if (t.token == no_token) return;
      const auto times = static_cast<double>(std::count(taken_.begin(), taken_.end(), t.token));
      const double cost = exact::mul(static_cast<double>(options_.diversity_penalty), times);
      const double logprob = exact::sub(static_cast<double>(t.logprob), cost);
      to.push_back({exact::add(before, logprob), parent, t.token});
    }
  }

  /// running_, from those of the groups.
  void gather() {
    const std::vector<std::size_t> before = std::exchange(begins_, {});
    running_.clear();
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      begins_.push_back(running_.size());
      for (beam b : groups_[g].running()) {
        b.parent += static_cast<std::uint32_t>(before.empty() ? 0 : before[g]);
        running_.push_back(std::move(b));
      }
    }
  }

  beam_options options_;
  std::vector<detail::beam_group> groups_;
  std::vector<beam> running_;
  std::vector<std::size_t> begins_;  ///< of each group in running_
  std::vector<token_id> taken_;      ///< by the earlier groups in this step
};

/// Runs a beam search on a model: the hypotheses after `prompt`, the best first. The prompt is computed once,
/// and beams share their past. `stages` is a pipeline without a sampler (`temperature{}` changes nothing).
/// Throws urn::error for options that beam_search::check refuses, and for what the model refuses.
template <causal_lm Model, pipeline_stage Stages, execution_policy Policy = scalar_t>
std::vector<beam> generate_beams(const Model& model, std::span<const token_id> prompt, const Stages& stages,
                                 const beam_options& options, Policy policy = {}) {
  using sequence = typename Model::sequence;
  if (beam_search::check(options) != status::ok) {
    throw error("generate_beams: options", "they are not of a beam search",
                "give at least one beam and token, and groups that divide the beams");
  }
  beam_search search(options);
  workspace scratch(model.vocabulary_size(), 4 * model.vocabulary_size());
  std::vector<sequence> pasts;
  pasts.push_back(model.make_sequence());
  logits_buffer logits;
  const forward_item<sequence> whole{&pasts[0], prompt, logits_wanted::last};
  model.forward({&whole, 1}, logits);
  for (std::size_t g = 1; g < options.groups; ++g) pasts.push_back(pasts[0].fork());
  std::vector<float> first(logits.values().begin(), logits.values().end());
  const batch_view<float> same_row{first.data(), options.groups, first.size(), 0};
  search.advance(policy, stages, same_row, prompt, scratch);
  while (!search.done()) {
    std::vector<sequence> next;
    for (const beam& b : search.running()) next.push_back(pasts[b.parent].fork());
    pasts = std::move(next);
    std::vector<forward_item<sequence>> batch;
    for (std::size_t i = 0; i < pasts.size(); ++i)
      batch.push_back({&pasts[i], std::span(search.running()[i].tokens).last(1), logits_wanted::last});
    model.forward(batch, logits);
    const auto rows = std::as_const(logits).values();
    search.advance(
        policy, stages,
        batch_view<float>{rows.data(), logits.rows(), logits.vocabulary_size(), logits.vocabulary_size()},
        prompt, scratch);
  }
  return search.finished();
}

}  // namespace urn
