#pragma once
// The contract of an execution policy, for backends of one's own too: it draws what urn::scalar draws, every
// field of the draw and of the lists. Needs GoogleTest's headers (support/naive_pipeline.hpp) and this
// folder.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/random_pipelines.hpp"
#include "urn/urn.hpp"

namespace backend_contract {

using random_pipelines::random_case;

/// Pipelines that together ask for every kernel: calls use(pipeline) with parameters of the case.
template <class Use>
void for_each_pipeline(random_case& c, Use&& use) {
  constexpr auto reports = urn::logprobs{} | urn::kept_set{};
  use(c.bitmask() | c.penalties() | c.temperature() | urn::categorical{} | reports);
  use(c.logit_bias() | urn::greedy{} | reports);
  use(c.temperature() | c.top_k() | c.top_p() | c.min_p() | urn::categorical{} | reports);
  use(c.dynamic_temperature() | c.typical() | c.top_k() | urn::gumbel{} | reports);
  use(c.sigmas() | c.tail_free() | c.top_p() | c.xtc<urn::xtc>() | urn::greedy{} | reports);
  use(c.temperature() | urn::gumbel{} | reports);
}

struct drawn {
  urn::draw draw;
  std::array<urn::token_logprob, 20> top, raw_top;
  urn::kept_summary kept;
};

inline bool same(const std::array<urn::token_logprob, 20>& a, const std::array<urn::token_logprob, 20>& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.token == y.token &&
           std::bit_cast<std::uint32_t>(x.logprob) == std::bit_cast<std::uint32_t>(y.logprob);
  });
}

template <class Policy, class Pipeline>
drawn draw_by(const Policy& policy, const Pipeline& pipeline, const std::vector<float>& row,
              urn::draw_context context, urn::workspace& scratch) {
  drawn d{};
  context.top_logprobs = d.top;
  context.raw_top_logprobs = d.raw_top;
  context.summary = &d.kept;
  d.draw = pipeline(policy, row, context, scratch);
  return d;
}

/// What the policy draws otherwise than urn::scalar in so many random cases, the first such case in words;
/// empty where it keeps the contract. Its workspace is urn::workspace.
template <urn::execution_policy Policy>
std::string difference(const Policy& policy, std::uint64_t cases = 400) {
  constexpr float bits = 13.0F;
  urn::workspace here(8200), there(8200);
  std::string found;
  for (std::uint64_t seed = 0; seed < cases && found.empty(); ++seed) {
    random_case c(seed, bits);
    const std::vector<float> row = random_pipelines::random_row(c.r, c.size);
    std::size_t number = 0;
    for_each_pipeline(c, [&](const auto& pipeline) {
      const drawn wanted = draw_by(urn::scalar, pipeline, row, c.context, here);
      const drawn seen = draw_by(policy, pipeline, row, c.context, there);
      const bool equal = look::same(wanted.draw, seen.draw) && same(wanted.top, seen.top) &&
                         same(wanted.raw_top, seen.raw_top) &&
                         urn::exact::bits(wanted.kept.entropy) == urn::exact::bits(seen.kept.entropy);
      ++number;
      if (equal || !found.empty()) return;
      found = "pipeline " + std::to_string(number) + ", seed " + std::to_string(seed) + ", V " +
              std::to_string(c.size) + "\nscalar: " + look::text(wanted.draw) +
              "\nseen:   " + look::text(seen.draw);
    });
  }
  return found;
}

}  // namespace backend_contract
