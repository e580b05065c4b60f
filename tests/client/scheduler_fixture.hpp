#pragma once
/// \file
/// What the scheduler's tests share: a model that is watched, and what a request gives without a scheduler.

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "urn/client/event_stream.hpp"
#include "urn/client/future.hpp"
#include "urn/client/scheduler.hpp"
#include "urn/generate/generate.hpp"
#include "urn/model/archetype.hpp"
#include "urn/model/causal_lm.hpp"
#include "urn/model/tokenizer.hpp"

namespace urn_test {

/// A model whose calls are counted and may be held up, refused or changed.
template <urn::causal_lm Model>
class watched {
 public:
  using sequence = typename Model::sequence;
  using batch_view = std::span<const urn::forward_item<sequence>>;

  explicit watched(const Model& model) : model_(&model) {}

  std::size_t vocabulary_size() const { return model_->vocabulary_size(); }
  std::size_t context_size() const { return model_->context_size(); }
  sequence make_sequence() const { return model_->make_sequence(); }
  void forward(batch_view batch, urn::logits_buffer& out) const {
    if (before) before(batch);
    for (const auto& item : batch) tokens += item.tokens.size();
    ++calls;
    model_->forward(batch, out);
    if (after) after(batch, out);
  }

  std::function<void(batch_view)> before;
  std::function<void(batch_view, urn::logits_buffer&)> after;
  mutable std::atomic<std::size_t> tokens{0};
  mutable std::atomic<std::size_t> calls{0};

 private:
  const Model* model_;
};

/// Lets nobody pass until it is opened; open() lasts.
class gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
  }
  void open() {
    {
      const std::lock_guard lock(mutex_);
      open_ = true;
    }
    changed_.notify_all();
  }
  /// Waits until somebody stands before it.
  void await_arrival() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ > 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  bool open_ = false;
};

template <class Backend>
urn::future<urn::sample_response> ask(Backend& backend, urn::sample_request request) {
  const urn::promise<urn::sample_response> answer(request.cancel);
  request.cancel = answer.cancel_token();
  auto response = answer.get_future();
  backend.submit(std::move(request), urn::keeps(answer));
  return response;
}

/// The same from urn::generate, without a scheduler.
template <urn::causal_lm Model>
std::vector<urn::sampled_sequence> alone(const Model& model, const urn::sample_request& request,
                                         std::span<const urn::token_id> end_tokens = {},
                                         const urn::tokenizer* words = nullptr) {
  const urn::sampling_params& params = request.params;
  const urn::request_pipeline pipeline(params, model.vocabulary_size(), end_tokens, words);
  const urn::generate_options options{.num_samples = params.num_samples,
                                      .seed = params.seed.value(),
                                      .raw_top_logprobs = params.logprobs.value_or(0)};
  std::vector<urn::sampled_sequence> sequences(params.num_samples);
  const auto follow = [&](auto&& events) {
    for (const urn::generate_event& event : events) {
      urn::sampled_sequence& s = sequences[event.sequence];
      s.text += event.text;
      if (event.drawn.token == urn::no_token) {
        s.reason = urn::finish_reason::error;
        continue;
      }
      s.tokens.push_back(event.drawn.token);
      s.logprobs.push_back(event.drawn.raw_logprob);
      s.sampling_logprobs.push_back(event.drawn.logprob);
      s.ranks.push_back(event.drawn.rank);
      const auto& top = event.raw_top_logprobs;
      if (params.logprobs) s.top_logprobs.emplace_back(top.begin(), top.end());
      if (event.stop.reason == urn::stop_reason::stop) s.reason = urn::finish_reason::stop;
    }
  };
  const urn::stop_list stops = urn::stops_of(params, end_tokens);
  if (words == nullptr) {
    follow(urn::generate(model, request.prompt, pipeline, stops, urn::no_text{}, options));
  } else {
    follow(urn::generate(model, request.prompt, pipeline, stops, urn::token_stream(*words), options));
  }
  return sequences;
}

/// Equal to the last bit.
inline bool same(const urn::sampled_sequence& a, const urn::sampled_sequence& b) {
  return a.tokens == b.tokens && a.text == b.text && a.logprobs == b.logprobs &&
         a.sampling_logprobs == b.sampling_logprobs && a.ranks == b.ranks &&
         a.top_logprobs == b.top_logprobs && a.reason == b.reason;
}
inline bool same(const std::vector<urn::sampled_sequence>& a, const std::vector<urn::sampled_sequence>& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) { return same(x, y); });
}

/// Parameters and prompts of every kind.
class random_requests {
 public:
  random_requests(unsigned seed, std::size_t vocabulary, std::size_t longest_prompt, std::size_t most_tokens)
      : engine_(seed), vocabulary_(vocabulary), longest_(longest_prompt), most_(most_tokens) {}

  urn::sample_request next() {
    urn::sampling_params p{.max_tokens = 1 + below(most_), .seed = engine_()};
    p.temperature = std::vector{0.0F, 0.5F, 1.0F, 1.7F}[below(4)];
    if (chance(3)) p.top_k = 1 + static_cast<std::int32_t>(below(20));
    if (chance(3)) p.top_p = 0.3F + 0.1F * static_cast<float>(below(7));
    if (chance(4)) p.min_p = 0.05F;
    if (chance(4)) p.repetition_penalty = 1.3F;
    if (chance(4)) p.frequency_penalty = 0.4F;
    if (chance(4)) p.presence_penalty = -0.3F;
    if (chance(5)) p.logit_bias = {{token(), 2.5F}};
    if (chance(3)) p.logprobs = below(4);
    if (chance(4)) p.stop = std::vector<urn::token_id>{token(), token()};
    if (chance(4)) p.min_tokens = below(*p.max_tokens + 1);
    if (chance(4)) p.num_samples = 2 + below(3);
    p.ignore_eos = chance(3);
    return {.id = {}, .prompt = prompt(), .params = p};
  }

  std::size_t below(std::size_t n) { return engine_() % n; }
  bool chance(std::size_t one_in) { return below(one_in) == 0; }
  urn::token_id token() { return static_cast<urn::token_id>(below(vocabulary_)); }

 private:
  /// Many begin alike.
  std::vector<urn::token_id> prompt() {
    std::vector<urn::token_id> tokens;
    const std::size_t family = below(4);
    for (std::size_t i = 0; i < longest_; ++i) {
      tokens.push_back(static_cast<urn::token_id>((family * 17 + i * 5) % vocabulary_));
    }
    tokens.resize(1 + below(longest_));
    if (chance(2)) tokens.back() = token();
    return tokens;
  }

  std::mt19937_64 engine_;
  std::size_t vocabulary_;
  std::size_t longest_;
  std::size_t most_;
};

}  // namespace urn_test
