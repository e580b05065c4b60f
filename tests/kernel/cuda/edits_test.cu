// The edits that look at history or at token names, by urn::cuda against urn::scalar, on a device: what they
// borrow lies there.

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "device.hpp"

namespace {

using urn::token_id;
using tokens = std::vector<token_id>;
using sequence = urn::basic_biased_sequence<std::span<const token_id>>;

constexpr std::size_t columns = 9'000, rows = 600;  // on an H100 pairs of teams draw the first ones

std::uint64_t hash(std::uint64_t a, std::uint64_t b) {
  std::uint64_t h = (a * 0x9E3779B97F4A7C15ULL) ^ (b * 0xD1B54A32D192ED03ULL);
  for (int k = 0; k < 2; ++k) h = (h ^ (h >> 31)) * 0xBF58476D1CE4E5B9ULL;
  return h;
}

/// What the stages borrow, here or on the device.
struct lists {
  std::span<const token_id> ids, sorted, breaker_tokens;
  std::span<const std::uint32_t> breaker_starts;
  std::span<const urn::forced_token> forced;
  std::span<const sequence> sequences;
  std::span<const std::int32_t> words;

  [[nodiscard]] urn::dry dry() const {
    return {.multiplier = 0.8F, .allowed_length = 1, .breakers = {breaker_tokens, breaker_starts, 2}};
  }
  [[nodiscard]] auto masks() const {
    return urn::compose(urn::no_repeat_ngram{3}, urn::encoder_no_repeat_ngram{2, ids},
                        urn::min_length{30, ids}, urn::begin_suppressed{ids, 5}, urn::temperature{0.8F},
                        urn::categorical{}, urn::logprobs{});
  }
  [[nodiscard]] auto names() const {
    return urn::compose(urn::suppressed_tokens{ids.first(2)}, urn::allowed_tokens{sorted},
                        urn::forced_tokens{forced}, urn::forced_end{31, ids}, urn::temperature{0.8F},
                        urn::categorical{}, urn::logprobs{});
  }
  [[nodiscard]] auto biases() const {
    return urn::compose(
        urn::borrowed_sequence_bias{sequences}, urn::exponential_decay_length{4, 1.1, ids}, dry(),
        urn::penalties{.repetition = 1.2F,
                       .frequency = 0.1F,
                       .ignored = 2,
                       .counted_in = urn::penalty_scope::prompt_and_output},
        urn::watermark{1.5F, words}, urn::temperature{0.8F}, urn::categorical{}, urn::logprobs{});
  }
  [[nodiscard]] auto after_a_cut() const {
    return urn::compose(urn::temperature{0.8F}, urn::top_k{100}, dry(),
                        urn::decaying_repetition{1.3F, 10, 20}, urn::encoder_repetition{1.2F, ids},
                        urn::top_p{0.9F}, urn::categorical{}, urn::logprobs{});
  }
};

/// Rows of logits with few different tokens, and histories of them, on both sides.
struct cuda_edits : testing::Test {
  std::vector<float> logits = std::vector<float>(rows * columns);
  tokens history, ids{3, 1, 4, 1, 5, 0, 2}, sorted, breaker_tokens{2, 3, 4};
  std::vector<std::uint32_t> breaker_starts{0, 1, 3};
  std::vector<urn::forced_token> forced{{7, 4'000}, {8, 1}};
  std::vector<std::int32_t> words;

  cuda_edits() {
    for (std::size_t i = 0; i < logits.size(); ++i) {
      logits[i] = static_cast<float>(static_cast<int>(hash(1, i) % 4096) - 2048) * 0x1p-8F;
      if (i % columns < 8) logits[i] += 9;
    }
    for (std::size_t i = 0; i < rows * 40; ++i) history.push_back(static_cast<token_id>(hash(2, i) % 6));
    for (token_id id = 0; id < static_cast<token_id>(columns); id += 3) sorted.push_back(id);
    for (std::size_t i = 0; i < columns / 32; ++i) words.push_back(static_cast<std::int32_t>(hash(3, i)));
  }

  [[nodiscard]] std::vector<urn::draw_context> contexts(std::span<const token_id> all) const {
    std::vector<urn::draw_context> each(rows);
    for (std::size_t r = 0; r < rows; ++r) {
      const auto mine = all.subspan(r * 40, 40);
      each[r] = {.history = {mine.first(r % 20), mine.subspan(r % 20, r % 21)}, .seed = r, .step = 7};
    }
    return each;
  }
  static std::vector<sequence> sequences(std::span<const token_id> all) {
    return {{all.first(1), 0.5F}, {all.subspan(1, 2), 2.0F}, {all.subspan(2, 3), -1.0F}};
  }

  /// Draws every row on both sides; sampler_of(lists) has what it borrows there.
  template <class SamplerOf>
  void compare(SamplerOf&& sampler_of) {
    const auto there = [](const auto& values) {
      return device::array<typename std::remove_cvref_t<decltype(values)>::value_type>(std::span(values));
    };
    const auto d_logits = there(logits);
    const auto d_history = there(history), d_ids = there(ids), d_sorted = there(sorted);
    const auto d_breakers = there(breaker_tokens);
    const auto d_starts = there(breaker_starts);
    const auto d_forced = there(forced);
    const auto d_words = there(words);
    const auto here_sequences = sequences(ids), there_sequences = sequences(d_ids.span());
    const auto d_sequences = there(there_sequences);
    const lists of_host{ids, sorted, breaker_tokens, breaker_starts, forced, here_sequences, words};
    const lists of_device{d_ids.span(),    d_sorted.span(),    d_breakers.span(), d_starts.span(),
                          d_forced.span(), d_sequences.span(), d_words.span()};
    const device::workspace scratch(rows, columns);
    const auto got = device::draws(sampler_of(of_device),
                                   urn::batch_view<float>{d_logits.span().data(), rows, columns, columns},
                                   contexts(d_history.span()), scratch.view());
    const auto asked = contexts(history);
    urn::workspace plain{columns};
    std::size_t drawn = 0;
    for (std::size_t r = 0; r < rows; ++r) {
      const urn::row_view<float> row(logits.data() + r * columns, columns);
      const urn::draw expected = sampler_of(of_host)(urn::scalar, row, asked[r], plain);
      ASSERT_TRUE(device::same(got[r], expected)) << "row " << r;
      drawn += expected.token != urn::no_token ? 1 : 0;
    }
    EXPECT_EQ(drawn, rows);
  }
};

TEST_F(cuda_edits, masks_by_the_history) {
  compare([](const lists& l) { return l.masks(); });
}
TEST_F(cuda_edits, masks_by_name) {
  compare([](const lists& l) { return l.names(); });
}
TEST_F(cuda_edits, biases) {
  compare([](const lists& l) { return l.biases(); });
}
TEST_F(cuda_edits, of_what_a_cut_left) {
  compare([](const lists& l) { return l.after_a_cut(); });
}

}  // namespace
