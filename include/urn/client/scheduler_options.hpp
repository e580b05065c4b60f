#pragma once
/// \file
/// What a scheduler may use.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "urn/core/error.hpp"
#include "urn/core/token.hpp"

namespace urn {

/// What a scheduler may use.
struct scheduler_options {
  std::size_t max_queue = 1024;          ///< requests that wait; one more is failure::overloaded
  std::size_t max_batch_sequences = 64;  ///< samples that advance together, and requests in progress
  std::size_t max_batch_tokens = 128;    ///< prompt tokens computed in one step, of all requests together
  std::size_t prefix_cache_tokens =
      8192;  ///< tokens whose state is kept for prompts that begin alike; 0: off
  std::size_t threads =
      std::max(1U, std::thread::hardware_concurrency());  ///< that share a step, the scheduler's own included
  std::size_t remembered_requests = 64;  ///< answers kept for who asks again with the same id
  std::vector<token_id> end_tokens{};    ///< the model's
};

/// Throws urn::error for an option that is 0 and must not be, and for end tokens outside the vocabulary.
inline void check_options(const scheduler_options& options, std::size_t vocabulary_size) {
  const auto positive = [](std::size_t value, std::string_view name) {
    if (value == 0) throw error("scheduler: " + std::string(name), "it is 0", "give at least 1");
  };
  positive(options.max_queue, "max_queue");
  positive(options.max_batch_sequences, "max_batch_sequences");
  positive(options.max_batch_tokens, "max_batch_tokens");
  positive(options.threads, "threads");
  for (const token_id id : options.end_tokens) {
    if (id >= 0 && std::cmp_less(id, vocabulary_size)) continue;
    throw error("scheduler: end_tokens", std::to_string(id) + " is outside the vocabulary",
                "ids are less than " + std::to_string(vocabulary_size));
  }
}

}  // namespace urn
