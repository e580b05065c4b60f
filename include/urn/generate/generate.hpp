#pragma once
/// \file
/// generate: the decode loop, as a range of events.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "urn/core/draw.hpp"
#include "urn/core/error.hpp"
#include "urn/core/workspace.hpp"
#include "urn/generate/event.hpp"
#include "urn/kernel/policy.hpp"
#include "urn/model/causal_lm.hpp"
#include "urn/stop/stop.hpp"
#include "urn/stop/text_release.hpp"

namespace urn {

/// How often and with which randomness to continue a prompt.
struct generate_options {
  std::size_t num_samples = 1;  ///< independent continuations; sample i draws with (seed, sequence i, step)
  std::uint64_t seed = 0;
  std::size_t top_logprobs =
      0;  ///< of each drawn token's distribution; needs a pipeline that ends with `logprobs`
  std::size_t raw_top_logprobs = 0;  ///< of the model's own distribution; likewise
};

/// An input range of generate_event: the samples of one prompt advance together, a batch a step. The prompt
/// is computed once, and its state shared. Sample i's tokens depend on its own past, the seed and i only.
/// Made by `generate`.
template <causal_lm Model, class Pipeline, stop_criterion Stop, token_decoder Decoder,
          execution_policy Policy>
class generation {
 public:
  class iterator {
   public:
    using value_type = generate_event;
    using difference_type = std::ptrdiff_t;
    explicit iterator(generation& from) : from_(&from) {}
    const generate_event& operator*() const { return from_->event_; }
    iterator& operator++() {
      from_->advance();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& i, std::default_sentinel_t) { return i.at_end(); }

   private:
    bool at_end() const { return from_->done_; }

    generation* from_;
  };

  generation(const Model& model, std::span<const token_id> prompt, Pipeline pipeline, Stop stop,
             Decoder decoder, const generate_options& options, Policy policy)
      : model_(&model),
        prompt_(prompt.begin(), prompt.end()),
        pipeline_(std::move(pipeline)),
        stop_(std::move(stop)),
        policy_(policy),
        options_(options),
        scratch_(model.vocabulary_size(), 4 * model.vocabulary_size()),  // room for each of several edits
        top_(options.top_logprobs),
        raw_top_(options.raw_top_logprobs) {
    refuse_bad_input();
    start(decoder);
  }

  /// Draws the first token. Events come once: a second begin() goes on where the first stopped.
  iterator begin() {
    advance();
    return iterator(*this);
  }
  static std::default_sentinel_t end() { return {}; }

 private:
  /// One sample.
  struct sample {
    typename Model::sequence past;
    stop_state_t<Stop> stopping;
    Decoder decoder;
    text_release release;
    std::vector<token_id> output;
    bool ended = false;
  };

  void refuse_bad_input() const {
    if (prompt_.empty()) throw error("generate: prompt", "it is empty", "give at least one token");
    if (prompt_.size() >= model_->context_size()) {
      throw error("generate: prompt", std::to_string(prompt_.size()) + " tokens leave no room to generate",
                  "the context holds " + std::to_string(model_->context_size()));
    }
    if (options_.num_samples == 0) throw error("generate: num_samples", "it is 0", "ask for at least 1");
    if (const stop_check checked = check(stop_); !checked) {
      throw error("generate: stop criterion " + std::to_string(checked.criterion), describe(checked.status));
    }
  }

  /// Computes the prompt once; every sample goes on from its state.
  void start(const Decoder& decoder) {
    auto past = model_->make_sequence();
    const forward_item<typename Model::sequence> item{&past, prompt_, logits_wanted::last};
    model_->forward({&item, 1}, logits_);
    samples_.reserve(options_.num_samples);
    for (std::size_t i = 1; i < options_.num_samples; ++i) add_sample(past.fork(), decoder);
    add_sample(std::move(past), decoder);
    row_of_.assign(samples_.size(), 0);
  }

  void add_sample(typename Model::sequence past, const Decoder& decoder) {
    samples_.push_back({std::move(past), stop_.start(), decoder, {}, {}});
  }

  /// Makes event_ the next one, or sets done_.
  void advance() {
    do {
      if (next_ == samples_.size()) step();
      if (done_) return;
    } while (samples_[next_].ended && ++next_ > 0);
    draw_for(next_++);
  }

  /// Feeds every living sample's last token to the model, in one batch.
  void step() {
    std::vector<forward_item<typename Model::sequence>> batch;
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      sample& s = samples_[i];
      if (s.ended) continue;
      row_of_[i] = batch.size();
      batch.push_back({&s.past, std::span(s.output).last(1), logits_wanted::last});
    }
    next_ = 0;
    done_ = batch.empty();
    if (!done_) model_->forward(batch, logits_);
  }

  void draw_for(std::size_t i) {
    sample& s = samples_[i];
    const draw_context context{.history = {prompt_, s.output},
                               .seed = options_.seed,
                               .sequence = i,
                               .step = static_cast<std::uint32_t>(s.output.size()),
                               .top_logprobs = top_,
                               .raw_top_logprobs = raw_top_};
    event_ = {i,    pipeline_(policy_, std::as_const(logits_).row(row_of_[i]), context, scratch_),
              {},   {},
              top_, raw_top_};
    if (event_.drawn.token == no_token) {
      event_.stop.reason = stop_reason::abort;
      event_.text = s.release.finish();
    } else {
      take(s);
    }
    s.ended = event_.stop.stop();
  }

  /// Appends the drawn token to its sample.
  void take(sample& s) {
    s.output.push_back(event_.drawn.token);
    std::string piece = s.decoder.push(event_.drawn.token);
    event_.stop = stop_.update(s.stopping, {.token = event_.drawn.token, .text = piece, .output = s.output});
    const bool full = prompt_.size() + s.output.size() >= model_->context_size();
    if (full && !event_.stop.stop()) event_.stop.reason = stop_reason::length;
    if (event_.stop.stop() && event_.stop.drop == 0) piece += s.decoder.finish();
    event_.text = s.release.push(piece, event_.stop);
  }

  const Model* model_;
  std::vector<token_id> prompt_;
  Pipeline pipeline_;
  Stop stop_;
  Policy policy_;
  generate_options options_;
  workspace scratch_;
  std::vector<token_logprob> top_;
  std::vector<token_logprob> raw_top_;
  logits_buffer logits_;
  std::vector<sample> samples_;
  std::vector<std::size_t> row_of_;  // each sample's row in logits_
  std::size_t next_ = 0;             // the sample to draw for next
  bool done_ = false;
  generate_event event_;
};

/// Continues `prompt` until `stop` says so or the context is full: a range of events, one for each token of
/// each sample.
///
///     for (const auto& event : urn::generate(model, prompt, urn::temperature{0.8F} | urn::categorical{},
///                                            urn::max_tokens{64} | urn::stop_text{"\n\n"},
///                                            urn::token_stream(words)))
///       std::cout << event.text;
///
/// `pipeline` is a typed pipeline or an any_pipeline; the model is borrowed. A row that gives no token ends
/// its sample with stop_reason::abort and the row's status. Throws urn::error, before any model work, for an
/// empty prompt, one that fills the context, no samples, or a stop criterion that cannot match. The range is
/// used by one thread.
template <causal_lm Model, class Pipeline, stop_criterion Stop, token_decoder Decoder = no_text,
          execution_policy Policy = scalar_t>
generation<Model, Pipeline, Stop, Decoder, Policy> generate(
    const Model& model, std::span<const token_id> prompt, Pipeline pipeline, Stop stop, Decoder decoder = {},
    const generate_options& options = {}, Policy policy = {}) {
  return {model, prompt, std::move(pipeline), std::move(stop), std::move(decoder), options, policy};
}

}  // namespace urn
