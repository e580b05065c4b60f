#pragma once
// Valid sampling_params of every kind, from fixed seeds.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "support/rows.hpp"
#include "urn/client/sampling_params.hpp"

namespace random_params {

/// Each field has its default half of the time; ids are less than `vocabulary`, biases in ascending order of
/// tokens, allowed ids too.
inline urn::sampling_params make(rows::random_source& r, std::size_t vocabulary) {
  const auto sometimes = [&] { return r.below(2) == 0; };
  const auto token = [&] { return static_cast<urn::token_id>(r.below(vocabulary)); };
  const auto tokens = [&] {
    std::vector<urn::token_id> ids(1 + r.below(4));
    std::generate(ids.begin(), ids.end(), token);
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return ids;
  };
  const auto text = [&] {
    constexpr std::array pieces{"a", "stop", "\n", "\"", "\\", "é", "日本", " ", "</s>", "0"};
    std::string made;
    for (std::size_t n = 1 + r.below(3); n > 0; --n) made += pieces[r.below(pieces.size())];
    return made;
  };
  constexpr float infinity = std::numeric_limits<float>::infinity();

  urn::sampling_params p;
  if (sometimes()) p.min_tokens = r.below(5);
  if (sometimes()) p.max_tokens = p.min_tokens + 1 + r.below(100);
  if (sometimes()) p.seed = sometimes() ? r.bits() : r.below(10);
  switch (r.below(4)) {
    case 0: break;
    case 1: p.stop = text(); break;
    case 2: p.stop = std::vector<std::string>{text(), text()}; break;
    default: p.stop = tokens(); break;
  }
  if (sometimes()) p.stop_regex = {"a+b", R"(\n(Q|Question):)"};
  if (sometimes()) p.repetition_detection = {1 + r.below(9), 1, 2 + r.below(3)};
  if (sometimes()) p.temperature = std::array{0.0F, 1e-6F, 0.005F, r.uniform() * 3, 1e30F}[r.below(5)];
  if (sometimes()) p.top_k = static_cast<std::int32_t>(1 + r.below(100));
  if (sometimes()) p.top_p = 1.0F - r.uniform();
  if (sometimes()) p.min_p = r.uniform();
  if (sometimes()) p.repetition_penalty = 0.5F + r.uniform();
  if (sometimes()) p.frequency_penalty = r.uniform() * 4 - 2;
  if (sometimes()) p.presence_penalty = r.uniform() * 4 - 2;
  if (sometimes()) {
    for (const urn::token_id id : tokens()) {
      p.logit_bias.push_back({id, std::array{r.normal(50), r.normal(1), infinity, -infinity}[r.below(4)]});
    }
  }
  if (sometimes()) p.allowed_token_ids = tokens();
  if (sometimes()) p.bad_words = {text(), text()};
  if (sometimes()) p.logprobs = r.below(101);
  if (sometimes()) p.prompt_logprobs = r.below(101);
  if (sometimes()) p.num_samples = 1 + r.below(5);
  p.ignore_eos = sometimes();
  p.include_stop_in_output = sometimes();
  if (sometimes()) p.deadline = std::chrono::milliseconds(1 + r.below(100000));
  return p;
}

}  // namespace random_params
