#pragma once
/// \file
/// scheduler: answers many requests at a time with one model in this process.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "urn/client/backend.hpp"
#include "urn/client/observer.hpp"
#include "urn/client/prefix_cache.hpp"
#include "urn/client/prepare_request.hpp"
#include "urn/client/request_ids.hpp"
#include "urn/client/request_inbox.hpp"
#include "urn/client/request_pipeline.hpp"
#include "urn/client/request_state.hpp"
#include "urn/client/scheduler_options.hpp"
#include "urn/client/step_work.hpp"
#include "urn/client/telemetry.hpp"
#include "urn/core/error.hpp"
#include "urn/model/causal_lm.hpp"
#include "urn/model/tokenizer.hpp"

namespace urn {

/// A sampling_backend with a model of its own process. One thread runs the loop: requests join and leave
/// between steps; a step gives every running sample its next token and computes a piece of the prompts that
/// came, a fair share of each; options.threads divide a step's work.
///
/// What is drawn depends on the model, the prompt, the parameters, the seed and the sample's index: not on
/// other requests, the number of threads or the cache. Tokens, logprobs and text are those of urn::generate
/// with the same pipeline and stops.
///
///  * A prompt is computed once for all its samples. Its state is kept (see prefix_cache) and continued by
///    prompts that begin alike; one that comes while the other is being computed waits for it. Prompts to be
///    scored are always computed in full.
///  * A deadline that passes before the first token is failure::deadline; after it every sequence ends with
///    finish_reason::abort and what it has.
///  * A request whose stop_token is asked to stop ends with failure::cancelled.
///  * A model that throws: what a step computes is tried one by one, and the request to blame ends with
///    failure::model.
///  * Listeners are called by the scheduler's thread, with no lock held; those of requests that are refused
///    (invalid, overloaded) by the thread that submits. They may submit, but neither wait for an answer nor
///    destroy the scheduler.
///  * An id that is not empty names its request: who submits it again follows the request that is in
///    progress, from its first event on, or is told once more what one of the last `remembered_requests`
///    answers said. Another request with that id is failure::invalid. Failures are not remembered.
///  * Destruction ends the current step and everything in flight with failure::shut_down.
template <causal_lm Model, class Pipeline = request_pipeline, class Observer = no_observer,
          class Telemetry = no_telemetry>
class scheduler {
 public:
  /// `words`, if any, makes text of tokens and finds stop strings. Throws urn::error for an option that is 0
  /// and must not be, and for end tokens outside the vocabulary.
  explicit scheduler(std::shared_ptr<const Model> model, std::optional<tokenizer> words = {},
                     scheduler_options options = {}, Observer observer = {}, Telemetry sink = {})
      : model_(std::move(model)),
        words_(std::move(words)),
        options_((check_options(options, model_->vocabulary_size()), std::move(options))),
        observer_(std::forward<Observer>(observer)),
        telemetry_(std::forward<Telemetry>(sink)),
        inbox_(options_.max_queue),
        cache_(options_.prefix_cache_tokens),
        answered_(options_.remembered_requests),
        work_(*model_, options_.threads, Pipeline::make_workspace(model_->vocabulary_size())) {
    worker_ = std::thread([this] { run(); });
  }
  /// Borrows the model, which must outlive this.
  explicit scheduler(const Model& model, std::optional<tokenizer> words = {}, scheduler_options options = {},
                     Observer observer = {}, Telemetry sink = {})
      : scheduler(std::shared_ptr<const Model>(std::shared_ptr<const Model>(), &model), std::move(words),
                  std::move(options), std::forward<Observer>(observer), std::forward<Telemetry>(sink)) {}

  scheduler(const scheduler&) = delete;
  scheduler& operator=(const scheduler&) = delete;
  ~scheduler() {
    inbox_.close();
    worker_.join();
  }

  /// See sampling_backend.
  void submit(sample_request asked, listener who) {
    const follower first{std::move(who), asked.cancel};
    try {
      const tokenizer* words = words_ ? &*words_ : nullptr;
      inbox_.push(prepare_request<Pipeline>(std::move(asked), first, *model_, words, options_.end_tokens));
    } catch (const request_error& refused) {
      refuse(first, refused);
    } catch (const error& refused) {
      refuse(first, request_error(failure::invalid, "request", refused.what()));
    } catch (const std::exception& thrown) {
      refuse(first, request_error(failure::unavailable, "request", thrown.what()));
    }
  }

 private:
  using request = request_state<Model, Pipeline>;
  using request_list = std::vector<std::unique_ptr<request>>;
  using clock = std::chrono::steady_clock;

  // In the thread that submits.

  void refuse(const follower& who, const request_error& why) {
    telemetry_.count(telemetry::failures);
    who.end(why);
  }

  // In the scheduler's thread.

  void run() {
    while (auto arrived = inbox_.receive(active_.empty() && waiting_.empty())) {
      for (auto& r : *arrived) enter(std::move(r));
      const auto now = clock::now();
      tend(waiting_, now);
      tend(active_, now);
      admit(now);
      report_queue();
      step();
    }
    for (const request_list& list :
         {inbox_.rest(), std::exchange(waiting_, {}), std::exchange(active_, {})}) {
      for (const auto& r : list)
        fail(*r, request_error(failure::shut_down, "request", "the scheduler is gone"));
    }
  }

  void enter(std::unique_ptr<request> r) {
    request* same = with_id(waiting_, r->request.id);
    if (same == nullptr) same = with_id(active_, r->request.id);
    if (same != nullptr) return join(*r, *same);
    if (answered_.replay(*r)) return;
    telemetry_.count(telemetry::requests);
    waiting_.push_back(std::move(r));
  }

  /// Ends what was cancelled or is late.
  void tend(request_list& list, clock::time_point now) {
    std::erase_if(list, [&](auto& r) {
      leave_cancelled(*r);
      if (r->followers.empty()) {
        inbox_.forget(r->request.id);
        return true;
      }
      if (!r->deadline || now < *r->deadline) return false;
      end_late(*r);
      return true;
    });
  }

  void leave_cancelled(request& r) {
    std::erase_if(r.followers, [&](const follower& f) {
      if (!f.cancel.stop_requested()) return false;
      telemetry_.count(telemetry::failures);
      f.end(request_error(failure::cancelled, "request", "it was cancelled"));
      return true;
    });
  }

  void end_late(request& r) {
    if (!r.has_tokens()) {
      return fail(r,
                  request_error(failure::deadline, "request", "its deadline passed before the first token"));
    }
    r.abort();
    tell(r);
    finish(r);
  }

  /// Lets requests join, first come first served.
  void admit(clock::time_point now) {
    for (auto r = waiting_.begin(); r != waiting_.end() && active_.size() < options_.max_batch_sequences;) {
      if (waits_for_prefix(**r)) {
        ++r;
        continue;
      }
      (*r)->started = now;
      telemetry_.observe(telemetry::queue_time, seconds(now - (*r)->submitted));
      active_.push_back(std::move(*r));
      r = waiting_.erase(r);
      request& opened = *active_.back();
      opened.attempt([&] { open(opened); });
    }
    inbox_.set_waiting(waiting_.size());
  }

  /// Whether a prompt that is being computed will soon give this one a good part of its own.
  bool waits_for_prefix(const request& r) const {
    constexpr std::size_t good_part = 32;
    if (cache_.capacity() == 0 || r.wants_scores()) return false;
    std::size_t most = 0;
    for (const auto& other : active_) {
      if (other->prefilled() || other->request.prompt.size() > cache_.capacity()) continue;
      most = std::max(most, common_prefix(other->request.prompt, r.request.prompt));
    }
    return most >= good_part && most >= cache_.match(r.request.prompt) + good_part;
  }

  /// Gives a request the state of as much of its prompt as is known.
  void open(request& r) {
    if (!r.wants_scores()) r.prompt_state = cache_.find(r.request.prompt);
    if (!r.prompt_state) r.prompt_state = model_->make_sequence();
    r.computed = r.answer.cached_prompt_tokens = r.prompt_state->size();
    if (r.computed > 0) telemetry_.count(telemetry::cached_tokens, static_cast<double>(r.computed));
  }

  void report_queue() {
    const auto [refused, full] = inbox_.take_pressure();
    if (refused && !paused_) {
      observer_.on_queue_state_change(queue_state::paused_capacity, "the queue is full");
    } else if (paused_ && !refused && !full) {
      observer_.on_queue_state_change(queue_state::active, "the queue has room");
    }
    paused_ = refused || (paused_ && full);
  }

  void step() {
    plan();
    if (const std::size_t tokens = work_.run(); tokens > 0) {
      telemetry_.observe(telemetry::batch_size, static_cast<double>(tokens));
    }
    for (auto& r : active_) r->attempt([&] { keep_prompt(*r); });
    start_samples();
    work_.run();
    std::erase_if(active_, [&](auto& r) { return advance(*r); });
  }

  /// The next token of every running sample, then prompts.
  void plan() {
    std::vector<request*> prompts;
    for (auto& r : active_) {
      if (r->failed) continue;
      if (!r->prefilled()) prompts.push_back(r.get());
      for (auto& s : r->samples) {
        if (!s.ended) work_.assign({r.get(), &s, std::span(s.out.tokens).last(1)});
      }
    }
    work_.assign_prompts(std::move(prompts), options_.max_batch_tokens);
  }

  /// Remembers the state of a prompt that is complete.
  void keep_prompt(request& r) {
    if (!r.prefilled() || r.failed || !r.samples.empty() || !r.prompt_state || r.kept) return;
    r.kept = true;
    if (cache_.capacity() > 0) cache_.insert(r.request.prompt, r.prompt_state->fork());
  }

  /// Fills the free places of the batch.
  void start_samples() {
    std::size_t running = 0;
    std::vector<request*> ready;
    for (auto& r : active_) {
      running += r->running();
      if (r->prefilled() && !r->failed && r->unstarted() > 0) ready.push_back(r.get());
    }
    work_.assign_samples(ready, options_.max_batch_sequences - running);
  }

  /// Tells what is new; whether the request is over.
  bool advance(request& r) {
    if (r.failed) {
      fail(r, *r.failed);
      return true;
    }
    tell(r);
    if (!r.finished()) return false;
    finish(r);
    return true;
  }

  void tell(request& r) {
    for (auto& s : r.samples) {
      if (s.told == 0 && !s.shown.empty()) note_first_token(r);
      for (; s.told < s.shown.size(); ++s.told) {
        for (const follower& f : r.followers) {
          if (f.who.event) f.tell(s.event(s.index, s.told));
        }
      }
    }
  }

  void note_first_token(request& r) {
    if (r.answer.timing.first_token != 0) return;
    r.answer.timing.first_token = seconds(clock::now() - r.submitted);
    telemetry_.observe(telemetry::time_to_first_token, r.answer.timing.first_token);
  }

  void fail(request& r, const request_error& why) {
    for (const follower& f : r.followers) refuse(f, why);
    inbox_.forget(r.request.id);
  }

  void finish(request& r) {
    r.answer.timing.queued = seconds(r.started - r.submitted);
    r.answer.timing.total = seconds(clock::now() - r.submitted);
    std::size_t tokens = 0;
    for (const auto& s : r.samples) tokens += s.out.tokens.size();
    telemetry_.observe(telemetry::tokens_per_second, static_cast<double>(tokens) / r.answer.timing.total);
    sample_response response = with_sequences(r.answer, r.samples);
    if (const auto forgotten = answered_.remember(r)) inbox_.forget(*forgotten);
    for (std::size_t i = 1; i < r.followers.size(); ++i) r.followers[i].end(response);
    r.followers.front().end(std::move(response));
  }

  static double seconds(clock::duration time) { return std::chrono::duration<double>(time).count(); }

  const std::shared_ptr<const Model> model_;
  const std::optional<tokenizer> words_;
  const scheduler_options options_;
  [[no_unique_address]] Observer observer_;
  [[no_unique_address]] Telemetry telemetry_;

  request_inbox<request> inbox_;

  request_list waiting_;  // the scheduler's thread's own, as is all that follows
  request_list active_;
  prefix_cache<typename Model::sequence> cache_;
  answered_requests answered_;
  step_work<Model, request> work_;
  bool paused_ = false;
  std::thread worker_;
};

}  // namespace urn
