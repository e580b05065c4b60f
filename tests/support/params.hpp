#pragma once
/// \file
/// sampling_params for tests of what they become.

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "urn/client/sampling_params.hpp"
#include "urn/core/token.hpp"

namespace urn::test {

using strings = std::vector<std::string>;
using tokens = std::vector<token_id>;

constexpr float infinity = std::numeric_limits<float>::infinity();

/// The defaults but for `change`.
template <class Change>
sampling_params changed(const Change& change) {
  sampling_params p;
  change(p);
  return p;
}

inline sampling_params greedy(std::size_t num_samples = 1) {
  return changed([=](auto& p) {
    p.temperature = 0;
    p.num_samples = num_samples;
  });
}

/// No field that every engine knows as it is by default.
inline sampling_params common_params() {
  sampling_params p;
  p.max_tokens = 64;
  p.min_tokens = 3;
  p.seed = 42;
  p.stop = strings{"a", "b"};
  p.include_stop_in_output = true;
  p.temperature = 0.7F;
  p.top_k = 40;
  p.top_p = 0.9F;
  p.min_p = 0.05F;
  p.repetition_penalty = 1.1F;
  p.num_samples = 4;
  return p;
}

/// No field as it is by default, but the deadline.
inline sampling_params all_params() {
  sampling_params p = common_params();
  p.frequency_penalty = -0.5F;
  p.presence_penalty = 2;
  p.logit_bias = {{5, -100.0F}, {7, 1.5F}};
  p.allowed_token_ids = {{7, 5}};
  p.bad_words = {"bad", " word"};
  p.repetition_detection = {8, 2, 3};
  p.logprobs = 5;
  p.prompt_logprobs = 0;
  p.ignore_eos = true;
  return p;
}

}  // namespace urn::test
