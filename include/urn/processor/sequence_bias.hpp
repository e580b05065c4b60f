#pragma once
/// \file
/// sequence_bias: make given token sequences more or less likely to be completed.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/core/workspace.hpp"
#include "urn/processor/logit_bias.hpp"
#include "urn/processor/stage.hpp"

namespace urn {

/// A token sequence and what is added to the logit of its last token where that would complete it.
template <class Sequence>
struct basic_biased_sequence {
  Sequence tokens;
  float bias = 0.0F;
};

/// Adds the bias of a sequence to its last token wherever the tokens before it end the history, prompt and
/// output together; that of a sequence of one token always (transformers' sequence_bias). What several
/// sequences say of a token is added up, and added to the logit, as by logit_bias. The entries are borrowed,
/// in any order. Refused: empty sequences, ids outside the vocabulary, NaN. O(sum of their lengths) a row at
/// worst.
template <class Sequence>
struct basic_sequence_bias {
  using stage = sparse_edit;
  static constexpr bool whole_row = true;

  std::span<const basic_biased_sequence<Sequence>> entries;

  [[nodiscard]] constexpr bool neutral() const { return entries.empty(); }
  template <class Checker = one_by_one>
  [[nodiscard]] constexpr status check(std::size_t vocabulary, const Checker& checker = {}) const {
    const auto is_good = [&](std::size_t i) {
      const std::span<const token_id> ids = entries[i].tokens;
      return !ids.empty() && !exact::is_nan(entries[i].bias) &&
             check_ids(ids, vocabulary, one_by_one{}) == status::ok;
    };
    return checker.all(entries.size(), is_good) ? status::ok : status::bad_argument;
  }
  [[nodiscard]] constexpr std::size_t touches(const draw_context&) const { return entries.size(); }
  /// The value is the bias's bits.
  [[nodiscard]] constexpr touched_token touch(const draw_context& context, std::size_t i) const {
    const std::span<const token_id> ids = entries[i].tokens;
    const bool completes = context.history.ends_with(ids.first(ids.size() - 1));
    return {completes ? ids.back() : no_token, exact::bits(entries[i].bias)};
  }
  [[nodiscard]] URN_HOST_DEVICE static std::uint32_t merge(std::uint32_t a, std::uint32_t b) {
    return logit_bias::merge(a, b);
  }
  [[nodiscard]] URN_HOST_DEVICE float operator()(float logit, std::uint32_t bias_bits) const {
    return logit_bias{}(logit, bias_bits);
  }
};

/// For sequences that the stage keeps itself.
using biased_sequence = basic_biased_sequence<std::vector<token_id>>;
using sequence_bias = basic_sequence_bias<std::vector<token_id>>;
/// For sequences that lie elsewhere: in device memory, for instance.
using borrowed_sequence_bias = basic_sequence_bias<std::span<const token_id>>;

}  // namespace urn
