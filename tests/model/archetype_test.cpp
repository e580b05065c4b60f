#include "urn/model/archetype.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <span>
#include <type_traits>
#include <vector>

#include "model/transformer/fixture.hpp"

// That it keeps the concept's promises is tested in causal_lm_test.cpp, for all models alike.
namespace {

using namespace urn_test;
using urn::archetype_lm;
using urn::token_id;

// Nothing that the concept does not ask for.
static_assert(!std::is_default_constructible_v<archetype_lm::sequence>);
static_assert(!std::is_copy_constructible_v<archetype_lm::sequence>);
static_assert(std::is_move_constructible_v<archetype_lm::sequence>);

TEST(archetype_lm, computes_the_logits_that_it_says) {
  const archetype_lm model(50, 100);
  const std::vector<token_id> tokens{4, 49, 0, 4, 4};
  const auto logits = forward(model, tokens);
  ASSERT_EQ(logits.size(), 5U * 50U);
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    for (std::size_t id = 0; id < 50; ++id) {
      EXPECT_EQ(logits[t * 50 + id],
                archetype_lm::logit(std::span(tokens).first(t + 1), static_cast<token_id>(id)));
    }
  }
}

TEST(archetype_lm, logits_depend_on_every_token_and_the_candidate) {
  const std::vector<std::vector<token_id>> pasts{{1, 2}, {2, 1}, {1, 1, 2}, {2}, {0, 2}, {0, 0, 2}};
  std::set<float> seen;
  for (const auto& past : pasts) {
    for (const token_id candidate : {0, 1, 2}) seen.insert(archetype_lm::logit(past, candidate));
  }
  EXPECT_EQ(seen.size(), 18U);
}

TEST(archetype_lm, logits_are_multiples_of_a_256th_from_minus_8_to_8) {
  double sum = 0;
  for (token_id id = 0; id < 4096; ++id) {
    const float logit = archetype_lm::logit(std::vector<token_id>{7}, id);
    EXPECT_TRUE(logit >= -8 && logit < 8);
    EXPECT_EQ(std::floor(logit * 256), logit * 256);
    sum += static_cast<double>(logit);
  }
  EXPECT_NEAR(sum / 4096, 0, 0.36);  // five standard errors of the mean of a uniform variable
}

TEST(archetype_lm, refuses_a_sequence_of_another_model) {
  const archetype_lm model(50, 100);
  const archetype_lm other(50, 100);
  auto foreign = other.make_sequence();
  const std::vector<token_id> tokens{1};
  EXPECT_EQ(message_of([&] { forward(model, foreign, tokens); }),
            "forward: item 0: a sequence of another model; use one made by this model");
  EXPECT_EQ(foreign.size(), 0U);
}

}  // namespace
