#include "urn/generate/beam_search.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "urn/model/archetype.hpp"
#include "urn/model/transformer.hpp"
#include "urn/urn.hpp"

namespace {

using urn::beam, urn::beam_options, urn::beam_stop, urn::token_id;
using tokens = std::vector<token_id>;

constexpr urn::temperature unchanged{};

static_assert(!std::is_copy_constructible_v<urn::beam_search>);  // its groups point to its options

beam_stop stop_of(const nlohmann::json& early_stopping) {
  if (early_stopping.is_string()) return beam_stop::never;
  return early_stopping.get<bool>() ? beam_stop::full : beam_stop::likely;
}

// See fixtures/beams/make.py.
TEST(beam_search, finds_what_the_transformers_library_finds) {
  const std::string fixtures = URN_TEST_FIXTURES;
  std::ifstream file(fixtures + "/beams/beams.json");
  const auto cases = nlohmann::json::parse(file);
  std::map<std::string, urn::transformer> models;
  for (const auto& c : cases) {
    const std::string name = c["model"];
    if (!models.contains(name)) {
      models.emplace(name, urn::transformer::load(fixtures + "/transformer/" + name));
    }
    const beam_options options{.beams = c["beams"],
                               .max_tokens = c["max_tokens"],
                               .length_penalty = c["length_penalty"],
                               .stop = stop_of(c["stop"]),
                               .end_tokens = c["end_tokens"]};
    const tokens prompt = c["prompt"];
    const std::vector<beam> found = urn::generate_beams(models.at(name), prompt, unchanged, options);
    ASSERT_EQ(found.size(), c["tokens"].size()) << c;
    for (std::size_t i = 0; i < found.size(); ++i) {
      ASSERT_EQ(found[i].tokens, c["tokens"][i].get<tokens>()) << i << " of " << c;
      ASSERT_NEAR(found[i].score, c["scores"][i].get<double>(), 1e-3) << i << " of " << c;
    }
  }
  EXPECT_GE(cases.size(), 200U);
}

/// ln p of the next token after the archetype's tokens, in double.
double logprob(const tokens& past, token_id next, std::size_t vocabulary) {
  double sum = 0;
  for (std::size_t v = 0; v < vocabulary; ++v)
    sum += std::exp(static_cast<double>(urn::archetype_lm::logit(past, static_cast<token_id>(v))));
  return static_cast<double>(urn::archetype_lm::logit(past, next)) - std::log(sum);
}

TEST(beam_search, with_beams_enough_finds_the_most_likely_text_of_all) {
  constexpr std::size_t vocabulary = 5;
  const urn::archetype_lm model(vocabulary, 20);
  const std::vector<beam> found =
      urn::generate_beams(model, tokens{1}, unchanged, {.beams = 125, .max_tokens = 3, .length_penalty = 0});
  ASSERT_EQ(found.size(), 125U);
  std::vector<std::pair<double, tokens>> all;
  for (token_id a = 0; a < 5; ++a) {
    for (token_id b = 0; b < 5; ++b) {
      for (token_id c = 0; c < 5; ++c) {
        all.emplace_back(-logprob({1}, a, 5) - logprob({1, a}, b, 5) - logprob({1, a, b}, c, 5),
                         tokens{a, b, c});
      }
    }
  }
  std::sort(all.begin(), all.end());
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(found[i].tokens, all[i].second) << i;
    EXPECT_NEAR(found[i].score, -all[i].first, 1e-5);
    EXPECT_EQ(found[i].score, found[i].logprob);
  }
}

TEST(beam_search, of_one_beam_is_greedy) {
  const urn::archetype_lm model(50, 40);
  const std::vector<beam> found =
      urn::generate_beams(model, tokens{3, 4}, unchanged, {.beams = 1, .max_tokens = 20});
  ASSERT_EQ(found.size(), 1U);
  tokens past{3, 4};
  for (const token_id t : found[0].tokens) {
    token_id best = 0;
    for (token_id v = 0; v < 50; ++v) {
      if (urn::archetype_lm::logit(past, v) > urn::archetype_lm::logit(past, best)) best = v;
    }
    EXPECT_EQ(t, best);
    past.push_back(t);
  }
}

TEST(beam_search, sees_what_the_stages_make_of_a_row) {
  const urn::archetype_lm model(50, 40);
  const std::vector<urn::token_bias> biases{{7, -urn::exact::infinity}, {9, 100.0F}};
  const std::vector<beam> found = urn::generate_beams(
      model, tokens{3}, urn::logit_bias{biases} | urn::top_k{3}, {.beams = 3, .max_tokens = 4});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].tokens, (tokens{9, 9, 9, 9}));
  EXPECT_NEAR(found[0].score, 0, 1e-6);
  const auto once = urn::generate_beams(model, tokens{9}, urn::penalties{.repetition = 1e9F},
                                        {.beams = 4, .max_tokens = 6});
  for (const beam& b : once) {
    tokens seen = b.tokens;
    seen.push_back(9);
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
  }
}

/// Diverse beam search as it is published, of one beam a group: each is greedy, less what its elders took.
TEST(beam_search, groups_of_one_beam_avoid_what_earlier_groups_took) {
  constexpr std::size_t vocabulary = 12;
  constexpr float price = 0.9F;
  const urn::archetype_lm model(vocabulary, 40);
  const beam_options options{
      .beams = 4, .max_tokens = 5, .length_penalty = 0, .groups = 4, .diversity_penalty = price};
  std::vector<tokens> texts(4);
  std::vector<double> scores(4);
  for (std::size_t step = 0; step < 5; ++step) {
    std::map<token_id, int> taken;
    for (std::size_t g = 0; g < 4; ++g) {
      tokens past{2};
      past.insert(past.end(), texts[g].begin(), texts[g].end());
      double best = -1e9;
      token_id choice = 0;
      for (token_id v = 0; v < static_cast<token_id>(vocabulary); ++v) {
        const double score = logprob(past, v, vocabulary) - static_cast<double>(price) * taken[v];
        if (score > best) choice = v;
        best = std::max(best, score);
      }
      texts[g].push_back(choice);
      scores[g] += best;
      ++taken[choice];
    }
  }
  const std::vector<beam> found = urn::generate_beams(model, tokens{2}, unchanged, options);
  ASSERT_EQ(found.size(), 4U);
  for (const beam& b : found) {
    std::size_t g = 0;
    while (g < 4 && (texts[g] != b.tokens || std::fabs(scores[g] - b.score) > 1e-5)) ++g;
    EXPECT_LT(g, 4U) << b.score;
  }
  EXPECT_TRUE(std::is_sorted(found.begin(), found.end(),
                             [](const beam& a, const beam& b) { return a.score > b.score; }));
}

TEST(beam_search, groups_without_a_price_find_the_same) {
  const urn::archetype_lm model(30, 40);
  const auto alone =
      urn::generate_beams(model, tokens{2}, unchanged, {.beams = 3, .max_tokens = 6, .end_tokens = {4, 9}});
  const auto twice = urn::generate_beams(model, tokens{2}, unchanged,
                                         {.beams = 6, .max_tokens = 6, .end_tokens = {4, 9}, .groups = 2});
  ASSERT_EQ(twice.size(), 2 * alone.size());
  for (std::size_t i = 0; i < twice.size(); ++i) EXPECT_EQ(twice[i].tokens, alone[i / 2].tokens);
}

TEST(beam_search, ends_where_no_row_has_a_distribution) {
  const urn::archetype_lm model(4, 40);
  const std::vector<std::int32_t> nothing{0};
  EXPECT_TRUE(urn::generate_beams(model, tokens{2}, urn::bitmask{nothing}, {}).empty());
}

TEST(beam_search, refuses_options_that_make_no_sense) {
  const urn::archetype_lm model(4, 40);
  for (const beam_options& o :
       {beam_options{.beams = 0}, beam_options{.max_tokens = 0}, beam_options{.groups = 0},
        beam_options{.beams = 5, .groups = 2}, beam_options{.length_penalty = urn::exact::quiet_nan},
        beam_options{.diversity_penalty = urn::exact::quiet_nan}}) {
    EXPECT_THROW(urn::generate_beams(model, tokens{2}, unchanged, o), urn::error);
    EXPECT_TRUE(urn::beam_search(o).done());
  }
}

}  // namespace
