#include "urn/processor/bitmask.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

using urn::bitmask, urn::status, urn::token_id;

TEST(bitmask, bit_v_mod_32_of_word_v_div_32) {
  const std::vector<float> row(100, 0.25F);
  const std::vector<token_id> allowed{0, 1, 31, 32, 63, 64, 95, 99};
  std::vector<std::int32_t> words(4);
  for (const token_id id : allowed) {
    std::int32_t& word = words[static_cast<std::size_t>(id / 32)];
    word = static_cast<std::int32_t>(static_cast<std::uint32_t>(word) | (1U << (id % 32)));
  }
  EXPECT_EQ(look::kept(bitmask{words}, row), allowed);
  const std::vector<float> seen = look::edited(bitmask{words}, row);
  for (token_id id = 0; id < 100; ++id) {
    const bool in = std::find(allowed.begin(), allowed.end(), id) != allowed.end();
    EXPECT_EQ(seen[static_cast<std::size_t>(id)], in ? 0.25F : -naive::infinity) << id;
  }
}

TEST(bitmask, tokens_past_a_short_mask_are_banned) {
  const std::vector<float> row(100, 0.25F);
  constexpr std::array<std::int32_t, 2> all{-1, -1};
  EXPECT_EQ(look::kept(bitmask{all}, row).size(), 64U);
  EXPECT_EQ(look::kept(bitmask{all}, row).back(), 63);
}

TEST(bitmask, bits_past_the_vocabulary_mean_nothing) {
  constexpr std::array<std::int32_t, 9> all{-1, -1, -1, -1, -1, -1, -1, -1, -1};
  const std::vector<float> row{1, 2, 3};
  EXPECT_TRUE(look::same(look::drawn(bitmask{all}, row), look::drawn(bitmask{}, row)));
}

TEST(bitmask, the_default_and_all_ones_change_no_bit) {
  const std::vector<std::int32_t> all(63, -1);
  rows::for_each(rows::proper, 2000, [&](const char* name, const std::vector<float>& row) {
    SCOPED_TRACE(name);
    const urn::draw plain = look::drawn(urn::temperature{}, row, {.seed = 7});
    EXPECT_TRUE(look::same(look::drawn(bitmask{}, row, {.seed = 7}), plain));
    EXPECT_TRUE(look::same(look::drawn(bitmask{all}, row, {.seed = 7}), plain));
    EXPECT_TRUE(look::same(look::edited(bitmask{all}, row), row));
  });
}

TEST(bitmask, nothing_allowed_is_an_empty_row) {
  const std::vector<float> row(40, 1.0F);
  constexpr std::array<std::int32_t, 2> none{};
  EXPECT_TRUE(look::refused(look::drawn(bitmask{none}, row), status::empty));
}

TEST(bitmask, what_is_banned_does_not_count_before_it) {
  const std::vector<float> row{naive::nan, naive::infinity, 1.0F, 2.0F};
  constexpr std::array<std::int32_t, 1> last_two{0b1100};
  const urn::draw d = look::drawn(bitmask{last_two}, row);
  EXPECT_EQ(d.status, status::ok);
  EXPECT_GE(d.token, 2);
}

TEST(bitmask, leaves_the_temperature_to_the_mass) {
  const std::vector<float> row{1.0F, 2.0F, 0.1F, 0.7F};
  constexpr std::array<std::int32_t, 1> some{0b1011};
  const bitmask mask{some};
  for (std::uint32_t step = 0; step < 50; ++step) {
    EXPECT_TRUE(look::same(look::drawn(urn::temperature{0.3F} | mask, row, {.step = step}),
                           look::drawn(mask | urn::temperature{0.3F}, row, {.step = step})));
  }
}

/// make.py's.
float logit(std::uint32_t text, std::uint32_t step, std::uint32_t v) {
  const std::uint32_t mixed = (text * 7919U + step * 104729U + v * 15485863U) * 2654435761U;
  return static_cast<float>((((mixed ^ mixed >> 15) * 2246822519U) >> 17) * 256 + v) / 1024;
}

/// Along texts of a JSON schema, the best token that xgrammar's mask leaves and how many it leaves: see
/// tests/fixtures/xgrammar/make.py.
TEST(bitmask, leaves_what_xgrammar_leaves) {
  std::ifstream file(URN_TEST_FIXTURES "/xgrammar/masks.txt");
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  std::size_t masks = 0;
  for (; std::getline(file, line); ++masks) {
    std::istringstream in(line);
    std::uint32_t text = 0, step = 0;
    std::array<std::int32_t, 4> words{};
    std::string mark;
    std::size_t allowed = 0;
    token_id token = 0;
    in >> text >> step >> words[0] >> words[1] >> words[2] >> words[3] >> mark >> allowed >> token;
    ASSERT_EQ(mark, ">") << line;
    std::vector<float> row;
    for (std::uint32_t v = 0; v < 121; ++v) row.push_back(logit(text, step, v));
    const urn::draw best = look::drawn(bitmask{words} | urn::top_k{1}, row);
    ASSERT_EQ(best.token, token) << line;
    const std::vector<float> seen = look::edited(bitmask{words}, row);
    ASSERT_EQ(std::count_if(seen.begin(), seen.end(), oracle::survives), allowed) << line;
  }
  EXPECT_GT(masks, 500U);
}

}  // namespace
