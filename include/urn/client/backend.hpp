#pragma once
/// \file
/// What answers requests: the scheduler in this process, a retrying wrapper, a connection to elsewhere, a
/// test's double.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "urn/client/sample_response.hpp"
#include "urn/client/sampling_params.hpp"
#include "urn/core/error.hpp"
#include "urn/core/token.hpp"

namespace urn {

/// Why a request has no answer.
enum class failure : std::uint8_t {
  invalid,      ///< the request itself is wrong: asking again cannot help
  cancelled,    ///< by its stop_token, its future or its stream
  deadline,     ///< passed before the first token
  overloaded,   ///< the queue is full; may be asked again
  unavailable,  ///< the backend cannot answer now; may be asked again
  stuck,        ///< no progress for as long as retry_config allows; may be asked again
  model,        ///< the model threw
  shut_down     ///< the client is gone
};

/// The name as it is written above.
constexpr std::string_view name_of(failure kind) {
  constexpr std::string_view names[] = {"invalid",     "cancelled", "deadline", "overloaded",
                                        "unavailable", "stuck",     "model",    "shut_down"};
  return names[static_cast<std::size_t>(kind)];
}

/// The exception that a future ends with where there is no response.
class request_error : public error {
 public:
  request_error(failure kind, std::string_view where, std::string_view problem, std::string_view remedy = {})
      : error(where, problem, remedy), kind_(kind) {}

  [[nodiscard]] failure kind() const { return kind_; }
  [[nodiscard]] bool retryable() const {
    return kind_ == failure::overloaded || kind_ == failure::unavailable || kind_ == failure::stuck;
  }

 private:
  failure kind_;
};

/// A request as a backend takes it: token ids, checked parameters.
struct sample_request {
  /// Names the request for good: a backend that has seen the id answers as it did, or goes on.
  std::string id{};
  std::vector<token_id> prompt{};
  sampling_params params{};
  bool include_prompt_logprobs = false;
  std::size_t topk_prompt_logprobs = 0;
  bool score_only = false;  ///< no continuation: the prompt's logprobs are the answer
  std::stop_token cancel{};
};

/// One token of a running request.
struct stream_event {
  std::size_t sequence = 0;  ///< which of the samples
  token_id token = no_token;
  float logprob = 0;
  float sampling_logprob = 0;
  std::uint32_t rank = 0;
  std::vector<token_logprob> top_logprobs{};
  std::string text{};                       ///< what may be shown now
  std::optional<finish_reason> finished{};  ///< set with the sequence's last event
};

/// How a request ends.
using outcome = std::variant<sample_response, request_error>;

/// Who is told. `done` is called exactly once, `event` for each token before it, both from a thread of the
/// backend; they must be quick and not throw. `event` may be empty.
struct listener {
  std::function<void(outcome)> done;
  std::function<void(const stream_event&)> event{};
};

/// `submit` takes a request and returns at once; whatever happens, the listener's `done` is called once,
/// perhaps before submit returns. Thread-safe. Destroying a backend ends what is in flight with
/// failure::shut_down.
template <class B>
concept sampling_backend = requires(B& backend, sample_request request, listener who) {
  { backend.submit(std::move(request), std::move(who)) } -> std::same_as<void>;
};

}  // namespace urn
