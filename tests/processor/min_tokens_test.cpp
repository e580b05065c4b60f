#include "urn/processor/min_tokens.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

using urn::min_tokens, urn::status, urn::token_id;

const std::vector<float> row{1, 2, 3, 4};
constexpr std::array<token_id, 3> ends{3, 1, 3};

TEST(min_tokens, no_end_before_its_time) {
  const std::vector<token_id> output(5, 0);
  for (std::size_t n = 0; n <= 5; ++n) {
    const urn::draw_context context{.history = std::span(output).first(n)};
    const auto expected = n < 3 ? std::vector<token_id>{0, 2} : std::vector<token_id>{0, 1, 2, 3};
    EXPECT_EQ(look::kept(min_tokens{3, ends}, row, context), expected) << n;
  }
}

TEST(min_tokens, counts_the_output_alone) {
  const std::vector<token_id> prompt(10, 0);
  const std::vector<token_id> output(2, 0);
  const urn::draw_context context{.history = {prompt, output}};
  EXPECT_EQ(look::kept(min_tokens{3, ends}, row, context), (std::vector<token_id>{0, 2}));
  EXPECT_EQ(look::kept(min_tokens{2, ends}, row, context).size(), 4U);
}

TEST(min_tokens, no_count_or_no_ends_change_no_bit) {
  rows::for_each(rows::proper, 2000, [](const char* name, const std::vector<float>& some) {
    SCOPED_TRACE(name);
    const urn::draw plain = look::drawn(urn::temperature{}, some, {.seed = 7});
    EXPECT_TRUE(look::same(look::drawn(min_tokens{}, some, {.seed = 7}), plain));
    EXPECT_TRUE(look::same(look::drawn(min_tokens{0, ends}, some, {.seed = 7}), plain));
    EXPECT_TRUE(look::same(look::drawn(min_tokens{9, {}}, some, {.seed = 7}), plain));
    const std::vector<token_id> nine(9, 0);
    const urn::draw_context late{.history = nine, .seed = 7};
    EXPECT_TRUE(look::same(look::drawn(min_tokens{9, ends}, some, late), plain));
  });
}

TEST(min_tokens, leaves_the_temperature_to_the_mass) {
  const auto masked = [](auto stages) { return look::drawn(stages, row, {.seed = 3}); };
  EXPECT_TRUE(look::same(masked(urn::temperature{0.3F} | min_tokens{1, ends}),
                         masked(min_tokens{1, ends} | urn::temperature{0.3F})));
  EXPECT_EQ(look::kept(urn::temperature{0} | min_tokens{1, ends}, row), (std::vector<token_id>{2}));
}

TEST(min_tokens, nothing_but_ends_is_an_empty_row) {
  constexpr std::array<token_id, 4> all{0, 1, 2, 3};
  EXPECT_TRUE(look::refused(look::drawn(min_tokens{1, all}, row), status::empty));
}

TEST(min_tokens, refuses_ids_outside_the_vocabulary) {
  for (const token_id id : {-1, 4, 1 << 30, -(1 << 30)}) {
    const std::array<token_id, 2> wrong{1, id};
    EXPECT_TRUE(look::refused(look::drawn(min_tokens{1, wrong}, row), status::bad_argument)) << id;
    EXPECT_TRUE(look::refused(look::drawn(min_tokens{0, wrong}, row), status::bad_argument)) << id;
  }
}

}  // namespace
