#include "urn/processor/top_p_decay.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "support/naive_pipeline.hpp"
#include "urn/urn.hpp"

namespace {

using ids = std::vector<urn::token_id>;
using urn::status, urn::top_p_decay;

const std::vector<float> row = look::logits_of({.1, .4, .3, .15, .05});

TEST(top_p_decay, shrinks_with_each_token_of_the_output) {
  const top_p_decay p{0.8F, 0.5F, 0.3F};
  EXPECT_EQ(p.at(ids{}), 0.8F);
  EXPECT_EQ(p.at(ids{7}), 0.4F);
  EXPECT_EQ(p.at(ids{7, 7}), 0.3F);
  EXPECT_EQ(p.at(ids(1000, 7)), 0.3F);
}

TEST(top_p_decay, begins_anew_with_the_reset) {
  const top_p_decay p{0.8F, 0.5F, 0.1F, 4};
  EXPECT_EQ(p.at(ids{1, 2, 4}), 0.8F);
  EXPECT_EQ(p.at(ids{4, 1}), 0.4F);
  EXPECT_EQ(p.at(ids{4, 4, 1, 2}), 0.2F);
}

TEST(top_p_decay, the_prompt_does_not_count) {
  const ids prompt{1, 2, 3};
  const ids output{9};
  EXPECT_EQ((top_p_decay{0.8F, 0.5F}.at({prompt, output})), 0.4F);
}

TEST(top_p_decay, keeps_what_top_p_keeps) {
  const top_p_decay p{0.9F, 0.75F, 0.2F, 0};
  for (const ids& output : {ids{}, ids{1}, ids{1, 1, 1}, ids(9, 1), ids{1, 1, 0}, ids{1, 1, 0, 2}}) {
    const urn::draw_context context{.history = output, .seed = 5};
    EXPECT_TRUE(
        look::same(look::drawn(p, row, context), look::drawn(urn::top_p{p.at(output)}, row, context)));
  }
}

TEST(top_p_decay, neutral_parameters_change_no_bit) {
  const ids output{1, 2};
  const urn::draw_context context{.history = output, .seed = 5};
  EXPECT_TRUE(
      look::same(look::drawn(top_p_decay{}, row, context), look::drawn(urn::temperature{}, row, context)));
  EXPECT_TRUE(look::same(look::drawn(top_p_decay{1.0F, 0.5F}, row), look::drawn(urn::temperature{}, row)));
}

TEST(top_p_decay, refuses_wrong_parameters) {
  for (const top_p_decay& wrong :
       {top_p_decay{naive::nan}, top_p_decay{0.5F, 1.5F}, top_p_decay{0.5F, 0.5F, -1.0F}})
    EXPECT_TRUE(look::refused(look::drawn(wrong, row), status::bad_argument));
}

}  // namespace
