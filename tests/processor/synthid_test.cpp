#include "urn/processor/synthid.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

using tokens = std::vector<urn::token_id>;
using urn::status, urn::synthid, urn::synthid_keys;

/// The words between two semicolons.
std::vector<std::string> words_of(std::istream& in) {
  std::vector<std::string> words;
  for (std::string word; in >> word && word != ";";) words.push_back(word);
  return words;
}

struct synthid_case {
  std::vector<std::string> parameters, keys, output, row, scores;

  [[nodiscard]] std::uint64_t parameter(std::size_t i) const { return std::stoull(parameters.at(i)); }
  [[nodiscard]] synthid_keys made() const {
    std::vector<std::int64_t> numbers;
    for (const std::string& key : keys) numbers.push_back(std::stoll(key));
    return {numbers, {parameter(0), parameter(1), parameter(2), parameter(3), parameter(4) != 0}};
  }
  [[nodiscard]] tokens history() const {
    tokens ids;
    for (const std::string& id : output) ids.push_back(std::stoi(id));
    return ids;
  }
  [[nodiscard]] std::vector<float> logits() const {
    std::vector<float> all;
    for (const std::string& l : row) all.push_back(l == "x" ? -naive::infinity : std::stof(l) / 1024);
    return all;
  }
};

/// See make.py.
std::vector<synthid_case> cases() {
  std::vector<synthid_case> all;
  std::ifstream file(URN_TEST_FIXTURES "/synthid/cases.txt");
  for (std::string line; std::getline(file, line);) {
    std::istringstream in(line);
    if (!line.starts_with('#'))
      all.push_back({words_of(in), words_of(in), words_of(in), words_of(in), words_of(in)});
  }
  return all;
}

TEST(synthid, is_as_transformers) {
  std::size_t marked = 0, unmarked = 0;
  for (const synthid_case& c : cases()) {
    const synthid_keys keys = c.made();
    const tokens history = c.history(), prompt{9, 8, 7};
    const std::vector<float> row = c.logits();
    const urn::draw_context context{.history = {prompt, history}};
    ASSERT_EQ(keys.marks(history), c.scores.at(0) != "=") << c.row.at(0);
    ++(keys.marks(history) ? marked : unmarked);
    if (!keys.marks(history)) {
      EXPECT_TRUE(look::same(look::edited(synthid{&keys}, row, context), row));
      continue;
    }
    std::vector<float> seen(row.size(), -naive::infinity);
    for (const urn::token_logprob& t : look::ranked(synthid{&keys}, row, context))
      seen[static_cast<std::size_t>(t.token)] = t.logprob;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const float wanted = c.scores.at(i) == "x" ? -naive::infinity : std::stof(c.scores[i]);
      if (wanted > -30) {
        EXPECT_NEAR(seen[i], wanted, 2e-6F * std::max(1.0F, std::fabs(wanted))) << i;
      } else {  // a share next to 0 or 1, in integers
        EXPECT_LT(seen[i], -29.9F) << i;
      }
    }
  }
  EXPECT_GE(marked, 200U);
  EXPECT_GE(unmarked, 50U);
}

const synthid_keys some_keys({654, 400, 836, 123, 340, 443, 597, 160, 57}, {});

/// Logprobs by the definition, in double, of tokens with these logits.
std::vector<double> tournament(const synthid_keys& keys, const tokens& output, const tokens& ids,
                               const std::vector<float>& logits, float temperature) {
  std::vector<double> p = oracle::softmax(logits, temperature).p;
  for (std::size_t round = 0; round < keys.rounds(); ++round) {
    double share = 0;
    std::vector<int> won;
    for (std::size_t i = 0; i < p.size(); ++i) {
      won.push_back(static_cast<int>(keys.wins(keys.context(output), ids[i]) >> round & 1));
      share += won[i] * p[i];
    }
    for (std::size_t i = 0; i < p.size(); ++i) p[i] *= 1 + won[i] - share;
  }
  for (double& x : p) x = std::log(x);
  return p;
}

TEST(synthid, measures_what_came_in) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    rows::random_source random(seed);
    const std::vector<float> row = rows::normal(3000, random, 2);
    const tokens output{1, 2, static_cast<urn::token_id>(seed)};
    const urn::draw_context context{.history = output};
    const auto stages = urn::temperature{0.7F} | urn::top_k{40};
    const tokens ids = look::kept(stages, row);
    std::vector<float> logits;
    for (const urn::token_id id : ids) logits.push_back(row[static_cast<std::size_t>(id)]);
    const std::vector<double> wanted = tournament(some_keys, output, ids, logits, 0.7F);
    const auto seen = look::ranked(stages | synthid{&some_keys}, row, context);
    ASSERT_EQ(seen.size(), ids.size());
    for (const urn::token_logprob& t : seen) {
      const auto at = std::lower_bound(ids.begin(), ids.end(), t.token) - ids.begin();
      EXPECT_NEAR(t.logprob, wanted[static_cast<std::size_t>(at)], 1e-5);
    }
  }
}

TEST(synthid, is_the_same_on_the_threads_of_a_pool) {
  urn::thread_pool pool(3);
  rows::for_each(rows::proper, 5000, [&](const char* name, const std::vector<float>& row) {
    urn::workspace scratch(row.size());
    const auto sampler = urn::temperature{0.9F} | synthid{&some_keys} | urn::categorical{} | urn::logprobs{};
    const tokens output{3, 1, 4};
    const urn::draw_context context{.history = output, .seed = 5};
    const urn::draw one = sampler(urn::scalar, row, context, scratch);
    EXPECT_NE(one.token, urn::no_token) << name;
    EXPECT_TRUE(look::same(sampler(urn::parallel{urn::scalar, pool}, row, context, scratch), one)) << name;
  });
}

TEST(synthid, where_it_does_not_mark_changes_no_bit) {
  const synthid_keys none({}, {}), first({1, 2}, {.ngram = 5, .skips_first = true});
  const synthid_keys narrow({1, 2}, {.ngram = 1});  // whose context is always the same
  rows::for_each(rows::proper, 2000, [&](const char* name, const std::vector<float>& row) {
    SCOPED_TRACE(name);
    const tokens output{7, 7, 7};
    const urn::draw_context context{.history = output, .seed = 7};
    const urn::draw plain = look::drawn(urn::temperature{0.7F}, row, context);
    for (const synthid_keys* keys : {static_cast<const synthid_keys*>(nullptr), &none, &first, &narrow})
      EXPECT_TRUE(look::same(look::drawn(urn::temperature{0.7F} | synthid{keys}, row, context), plain));
  });
}

TEST(synthid, marks_a_context_once) {
  const synthid_keys keys({1}, {.ngram = 3}), forgets({1}, {.ngram = 3, .memory = 2});
  const tokens output{1, 2, 9, 1, 2};
  EXPECT_TRUE(keys.marks(std::span(output).first(4)));
  EXPECT_FALSE(keys.marks(output));
  EXPECT_TRUE(forgets.marks(output));
  EXPECT_FALSE(forgets.marks(tokens{1, 2, 1, 2}));
  EXPECT_TRUE(keys.marks({}));
  EXPECT_FALSE(keys.marks(tokens{0}));  // zeros stand before the output
}

TEST(synthid, of_rows_without_a_distribution) {
  const std::vector<float> nothing(40, -naive::infinity);
  EXPECT_TRUE(urn::has(look::drawn(synthid{&some_keys}, nothing).status, status::empty));
  std::vector<float> row(40, 1.0F);
  row[7] = naive::infinity;
  EXPECT_EQ(look::drawn(synthid{&some_keys}, row).token, 7);
  row[7] = naive::nan;
  EXPECT_TRUE(std::isnan(look::edited(synthid{&some_keys}, row)[7]));
}

TEST(synthid, refuses_what_has_no_tournament) {
  const std::vector<float> row(40);
  const synthid_keys many(std::vector<std::int64_t>(65), {}), no_context({1}, {.ngram = 0}),
      no_table({1}, {.table = 0});
  for (const synthid_keys* keys : {&many, &no_context, &no_table})
    EXPECT_TRUE(look::refused(look::drawn(synthid{keys}, row), status::bad_argument));
  urn::workspace small(row.size(), 39);
  const urn::draw d = (synthid{&some_keys} | urn::categorical{})(urn::scalar, row, {}, small);
  EXPECT_TRUE(urn::has(d.status, status::no_space));
}

}  // namespace
