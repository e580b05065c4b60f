#pragma once
/// \file
/// sampling_client: samples and logprobs of a model, as futures, awaitables and streams.

#include <concepts>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "urn/client/backend.hpp"
#include "urn/client/chat_template.hpp"
#include "urn/client/clock.hpp"
#include "urn/client/event_stream.hpp"
#include "urn/client/future.hpp"
#include "urn/client/guess_template.hpp"
#include "urn/client/model_directory.hpp"
#include "urn/client/model_input.hpp"
#include "urn/client/observer.hpp"
#include "urn/client/request_pipeline.hpp"
#include "urn/client/retry.hpp"
#include "urn/client/sample_response.hpp"
#include "urn/client/sampling_params.hpp"
#include "urn/client/scheduler.hpp"
#include "urn/client/telemetry.hpp"
#include "urn/model/causal_lm.hpp"
#include "urn/model/tokenizer.hpp"
#include "urn/model/transformer.hpp"

namespace urn {

/// What a client is made with besides its model.
struct client_options {
  std::string base_model{};  ///< of `create`: a name in the local Hugging Face cache, "organisation/name"
  std::filesystem::path model_path{};   ///< of `create`: or a model directory
  std::optional<retry_config> retry{};  ///< ask again where a failure is retryable; absent: do not
  scheduler_options scheduler{};
  std::optional<chat_template>
      chat{};  ///< for prompts of messages; absent: the model directory's own, if it is known
};

/// The logprobs of a prompt: of each token given those before it; nothing for the first.
using prompt_logprobs = std::vector<std::optional<float>>;

/// Answers requests with a model in this process, many at a time (see scheduler), asking again if told to
/// (see retrying).
///
/// A prompt is a model_input: token ids, text, messages. What is wrong with a request, and every other
/// failure, is the request_error that its future, awaitable or stream gives: nothing is thrown by the asking.
/// Dropping a future or a stream cancels its request; destroying the client ends what is in flight with
/// failure::shut_down. Thread-safe; movable, not copyable. Observer and Telemetry are kept by the client.
template <causal_lm Model = transformer, queue_state_observer Observer = no_observer,
          telemetry_sink Telemetry = no_telemetry>
class sampling_client {
 public:
  /// Over a model that others may use too. Without a tokenizer, prompts are token ids and there is no text.
  explicit sampling_client(std::shared_ptr<const Model> model, std::optional<tokenizer> words = {},
                           client_options options = {}, Observer observer = {}, Telemetry telemetry = {})
      : parts_(std::make_unique<parts>(std::move(model), std::move(words), std::move(options),
                                       std::move(observer), std::move(telemetry))) {}

  /// Over the model directory that `options` names by path or by name: weights, tokenizer.json, the end
  /// tokens of its config and its chat template. Throws urn::error if there is none, saying how to get it,
  /// and for files that are wrong.
  static sampling_client create(client_options options, Observer observer = {},
                                Telemetry telemetry = {}) requires std::same_as<Model, transformer> {
    const std::filesystem::path directory =
        find_model(options.model_path.empty() ? options.base_model : options.model_path.string());
    auto model = std::make_shared<const transformer>(transformer::load(directory));
    if (options.scheduler.end_tokens.empty()) options.scheduler.end_tokens = model->config().eos_token_ids;
    if (!options.chat) options.chat = known_template(directory);
    return sampling_client(std::move(model), tokenizer::from_file(directory / "tokenizer.json"),
                           std::move(options), std::move(observer), std::move(telemetry));
  }

  /// Continues a prompt. `num_samples`, where given, counts instead of params.num_samples;
  /// `include_prompt_logprobs` scores the prompt; `topk_prompt_logprobs` lists the k best tokens at each
  /// place of it.
  future<sample_response> sample(model_input prompt, sampling_params params = {},
                                 std::optional<std::size_t> num_samples = {},
                                 bool include_prompt_logprobs = false, std::size_t topk_prompt_logprobs = 0) {
    return ask<sample_response>(
        prompt, request_of(std::move(params), num_samples, include_prompt_logprobs, topk_prompt_logprobs),
        [](sample_response response) { return response; });
  }

  /// The same, to co_await: see awaitable for the thread that goes on.
  awaitable<sample_response> sample_async(model_input prompt, sampling_params params = {},
                                          std::optional<std::size_t> num_samples = {},
                                          bool include_prompt_logprobs = false,
                                          std::size_t topk_prompt_logprobs = 0) {
    return sample(std::move(prompt), std::move(params), num_samples, include_prompt_logprobs,
                  topk_prompt_logprobs);
  }

  /// ln softmax of each prompt token given those before it, at temperature 1, from the model's own logits.
  future<prompt_logprobs> compute_logprobs(model_input prompt) {
    return ask<prompt_logprobs>(prompt, {.include_prompt_logprobs = true, .score_only = true},
                                [](sample_response response) { return std::move(response.prompt_logprobs); });
  }

  /// The same, to co_await.
  awaitable<prompt_logprobs> compute_logprobs_async(model_input prompt) {
    return compute_logprobs(std::move(prompt));
  }

  /// Continues a prompt token by token: a range of stream_event, and then the response.
  event_stream stream(model_input prompt, sampling_params params = {}) {
    auto [events, who] = event_stream::open();
    sample_request request = request_of(std::move(params), {}, false, 0);
    request.cancel = events.cancel_token();
    submit(prompt, std::move(request), std::move(who));
    return std::move(events);
  }

  [[nodiscard]] const Model& model() const { return *parts_->model; }
  /// The tokenizer; none if the client was made without.
  [[nodiscard]] const std::optional<tokenizer>& words() const { return parts_->words; }
  [[nodiscard]] Telemetry& telemetry() { return parts_->telemetry; }

 private:
  using local = scheduler<Model, request_pipeline, Observer&, Telemetry&>;

  struct parts {
    std::shared_ptr<const Model> model;
    std::optional<tokenizer> words;
    std::optional<chat_template> chat;
    Observer observer;
    Telemetry telemetry;
    local backend;
    steady_timer timer;
    std::optional<retrying<local&, steady_timer&, Observer&, Telemetry&>>
        retries;  // ends before what it asks

    parts(std::shared_ptr<const Model> m, std::optional<tokenizer> w, client_options options, Observer o,
          Telemetry t)
        : model(std::move(m)),
          words(std::move(w)),
          chat(std::move(options.chat)),
          observer(std::move(o)),
          telemetry(std::move(t)),
          backend(model, words, std::move(options.scheduler), observer, telemetry) {
      if (options.retry) retries.emplace(backend, std::move(*options.retry), timer, observer, telemetry);
    }
  };

  static std::optional<chat_template> known_template(const std::filesystem::path& directory) {
    try {
      return load_chat_template(directory);
    } catch (const error&) {
      return std::nullopt;  // a prompt of messages will say that it needs one
    }
  }

  static sample_request request_of(sampling_params params, std::optional<std::size_t> num_samples,
                                   bool include_prompt_logprobs, std::size_t topk_prompt_logprobs) {
    if (num_samples) params.num_samples = *num_samples;
    return {.params = std::move(params),
            .include_prompt_logprobs = include_prompt_logprobs,
            .topk_prompt_logprobs = topk_prompt_logprobs};
  }

  template <class Answer, class Part>
  future<Answer> ask(const model_input& prompt, sample_request request, Part part) {
    promise<Answer> answer;
    request.cancel = answer.cancel_token();
    submit(prompt, std::move(request), {.done = [answer, part](outcome result) {
             if (auto* response = std::get_if<sample_response>(&result)) {
               answer.set_value(part(std::move(*response)));
             } else {
               answer.set_error(std::get<request_error>(std::move(result)));
             }
           }});
    return answer.get_future();
  }

  void submit(const model_input& prompt, sample_request request, listener who) {
    try {
      const chat_template* chat = parts_->chat ? &*parts_->chat : nullptr;
      request.prompt = prompt.resolve(parts_->words ? &*parts_->words : nullptr, chat);
    } catch (const std::exception& refused) {
      who.done(request_error(failure::invalid, "prompt", refused.what()));
      return;
    }
    if (parts_->retries) {
      parts_->retries->submit(std::move(request), std::move(who));
    } else {
      parts_->backend.submit(std::move(request), std::move(who));
    }
  }

  std::unique_ptr<parts> parts_;
};

}  // namespace urn
