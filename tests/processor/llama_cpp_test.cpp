// urn's pieces against llama.cpp's samplers, by tests/fixtures/llama_cpp, where make.cpp says what a line
// holds; and infill, which is llama.cpp's, by itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "fixtures/llama_cpp/row_of.hpp"
#include "support/naive_pipeline.hpp"
#include "urn/urn.hpp"

namespace {

using tokens = std::vector<urn::token_id>;
using llama_cpp::row_of;

struct words {
  std::vector<std::string> all;
  explicit words(const std::string& text) {
    std::istringstream in(text);
    for (std::string word; in >> word;) all.push_back(word);
  }
  [[nodiscard]] float number(std::size_t i) const { return std::strtof(all.at(i).c_str(), nullptr); }
  [[nodiscard]] std::size_t count(std::size_t i) const { return static_cast<std::size_t>(number(i)); }
};

struct llama_case {
  std::size_t seed = 0, size = 0;
  words given, result;

  [[nodiscard]] rows::row row(bool masked = true) const { return row_of(seed, size, masked); }
  /// The tokens whose bits are 1.
  [[nodiscard]] tokens kept() const {
    const std::string& digits = result.all.at(0);
    tokens ids;
    for (std::size_t i = 0; i < size; ++i) {
      const int digit = std::stoi(digits.substr(digits.size() - 1 - i / 4, 1), nullptr, 16);
      if ((digit >> (i % 4) & 1) != 0) ids.push_back(static_cast<urn::token_id>(i));
    }
    return ids;
  }
};

class llama_cpp_samplers : public testing::Test {
 public:
  llama_cpp_samplers() {
    std::ifstream file(URN_TEST_FIXTURES "/llama_cpp/cases.txt");
    for (std::string line; std::getline(file, line);) {
      const std::size_t cut = line.find('>');
      std::istringstream in(line.substr(0, cut));
      std::string name, given;
      std::size_t seed = 0, size = 0;
      in >> name >> seed >> size;
      std::getline(in, given);
      cases_[name].push_back({seed, size, words(given), words(line.substr(cut + 1))});
    }
  }
  /// Calls use(case) for each of a sampler.
  template <class Use>
  void run(const std::string& name, Use&& use) const {
    ASSERT_GE(cases_.at(name).size(), 200U);
    for (const llama_case& c : cases_.at(name)) {
      SCOPED_TRACE(name + ", seed " + std::to_string(c.seed));
      use(c);
      if (HasFatalFailure()) return;
    }
  }
  /// cut(value, second parameter) keeps what llama.cpp's keeps.
  template <class Cut>
  void run_cut(const std::string& name, Cut&& cut, bool masked = true) const {
    run(name, [&](const llama_case& c) {
      ASSERT_EQ(look::kept(cut(c.given.number(0), c.given.count(1)), c.row(masked)), c.kept());
    });
  }

 private:
  std::map<std::string, std::vector<llama_case>> cases_;
};

/// To 1e-6 of the larger of 1, what was and what is.
void expect_near(float seen, float wanted, float before, float within = 1e-6F) {
  if (std::isinf(wanted)) {
    ASSERT_EQ(seen, wanted);
  } else {
    ASSERT_NEAR(seen, wanted, within * std::max({1.0F, std::fabs(before), std::fabs(wanted)}));
  }
}

TEST_F(llama_cpp_samplers, cuts) {
  run_cut("top_k", [](float k, std::size_t) { return urn::top_k{static_cast<std::int32_t>(k)}; });
  run_cut("top_p", [](float p, std::size_t keep) { return urn::min_keep{keep, urn::top_p{p}}; });
  run_cut("min_p", [](float p, std::size_t keep) { return urn::min_keep{keep, urn::min_p{p}}; });
  run_cut(
      "typical",
      [](float p, std::size_t) {
        return urn::typical{p, urn::typical_rule::beyond};
      },
      false);
  run_cut("top_n_sigma", [](float n, std::size_t) { return urn::top_n_sigma{n}; });
  run_cut("xtc", [](float t, std::size_t) { return urn::xtc{.threshold = t, .probability = 1}; });
}

TEST_F(llama_cpp_samplers, greedy) {
  run("greedy", [](const llama_case& c) {
    const rows::row row = c.row();
    urn::workspace scratch(row.size());
    const urn::draw draw = urn::draw_row(urn::scalar, urn::greedy{}, row, {}, scratch);
    ASSERT_EQ(draw.token, static_cast<urn::token_id>(c.result.count(0)));
  });
}

/// The distribution of its draws; not its generator, which is another.
TEST_F(llama_cpp_samplers, dist) {
  run("dist", [](const llama_case& c) {
    const rows::row row = c.row();
    urn::workspace scratch(row.size());
    urn::distribution_room room(row.size());
    const urn::token_masses p = urn::distribution_of(urn::scalar, urn::categorical{}, row, {}, scratch, room);
    for (std::size_t i = 0; i < row.size(); ++i) {
      const double share =
          static_cast<double>(p.of(static_cast<urn::token_id>(i))) / static_cast<double>(p.total);
      const auto wanted = static_cast<double>(c.result.number(i));
      ASSERT_NEAR(share, wanted, 1e-6 * wanted + 1e-9);
    }
  });
}

/// The first logits are what llama.cpp says.
void expect_first_logits(const llama_case& c, const rows::row& before, const std::vector<float>& after,
                         float within = 1e-6F) {
  for (std::size_t i = 0; i < c.result.all.size(); ++i) {
    const float wanted = c.result.number(i);
    const float seen = std::isnan(after[i]) ? -rows::infinity : after[i];  // cut off, by a temperature of 0
    expect_near(seen, wanted, std::isinf(before[i]) ? 0 : before[i], within);
  }
}

/// By how much of itself T moves where the entropy, an integer in 2^-16 bits, is off by one of them.
float of_one_step(const urn::dynamic_temperature& edit, const rows::row& row) {
  const double all = std::log(static_cast<double>(row.size()));
  const double share = oracle::entropy(oracle::softmax(row, 1)) / all;
  const double step = std::ldexp(std::log(2.0), -16) / all;
  return edit.at(share + step) / edit.at(std::max(0.0, share - step)) - 1;
}

TEST_F(llama_cpp_samplers, temperatures) {
  run("temp", [](const llama_case& c) {
    const rows::row row = c.row();
    expect_first_logits(c, row, look::edited(urn::temperature{c.given.number(0)}, row));
  });
  run("temp_ext", [](const llama_case& c) {
    const rows::row row = c.row();
    const float t = c.given.number(0), delta = c.given.number(1);
    const urn::dynamic_temperature edit{std::max(0.0F, t - delta), t + delta, c.given.number(2)};
    expect_first_logits(c, row, look::edited(edit, row), 1e-6F + of_one_step(edit, row));
  });
}

/// All logits are what llama.cpp says.
void expect_logits(const llama_case& c, const rows::row& before, const std::vector<float>& after) {
  rows::row wanted = before;
  for (std::size_t i = 0; i + 1 < c.result.all.size(); i += 2)
    wanted.at(c.result.count(i)) = c.result.number(i + 1);
  for (std::size_t i = 0; i < wanted.size(); ++i) expect_near(after[i], wanted[i], before[i]);
}

TEST_F(llama_cpp_samplers, edits) {
  run("penalties", [](const llama_case& c) {
    const rows::row row = c.row();
    const tokens history = llama_cpp::history_of(c.seed, c.size);
    const urn::penalties edit{.repetition = c.given.number(1),
                              .frequency = c.given.number(2),
                              .presence = c.given.number(3),
                              .window = c.given.count(0),
                              .counted_in = urn::penalty_scope::prompt_and_output};
    const auto half = std::span(history).first(history.size() / 2);
    const urn::draw_context context{.history = {half, std::span(history).subspan(half.size())}};
    expect_logits(c, row, look::edited(edit, row, context));
  });
  run("logit_bias", [](const llama_case& c) {
    const rows::row row = c.row();
    std::vector<urn::token_bias> entries;
    for (std::size_t i = 0; i + 1 < c.given.all.size(); i += 2)
      entries.push_back({static_cast<urn::token_id>(c.given.count(i)), c.given.number(i + 1)});
    expect_logits(c, row, look::edited(urn::logit_bias{entries}, row));
  });
}

std::string text_of(const std::string& hexadecimal) {
  std::string text;
  for (std::size_t i = 0; i + 1 < hexadecimal.size(); i += 2)
    text += static_cast<char>(std::stoi(hexadecimal.substr(i, 2), nullptr, 16));
  return text;
}

TEST_F(llama_cpp_samplers, infill) {
  run("infill", [](const llama_case& c) {  // whose seed is the number of ends
    std::vector<std::string> texts;
    rows::row row;
    for (std::size_t i = 0; i < c.size; ++i) {
      row.push_back(c.given.number(2 * i));
      texts.push_back(text_of(c.given.all.at(2 * i + 1)));
    }
    tokens ends(c.seed);
    for (std::size_t i = 0; i < ends.size(); ++i) ends[i] = static_cast<urn::token_id>(i);
    const std::vector<std::string_view> pieces(texts.begin(), texts.end());
    ASSERT_EQ(look::kept(urn::infill{pieces, ends}, row), c.kept());
    ASSERT_EQ(look::kept(urn::top_k{1000} | urn::top_p{0.9999999F} | urn::infill{pieces, ends}, row),
              c.kept());
  });
}

constexpr std::array<urn::token_id, 2> two_ends{4, 5};
constexpr std::array<std::string_view, 5> greetings{"hel", "hell", "hello", "dummy", "hel"};

TEST(infill, combines_what_begins_alike) {  // the example of llama.h: hel 0.8, dummy 0.1
  const urn::infill cut{greetings, two_ends};
  EXPECT_EQ(look::kept(cut, look::logits_of({.5, .2, .1, .2, 0, 0})), (tokens{0}));
  EXPECT_EQ(look::kept(cut, look::logits_of({.1, .4, .1, .4, 0, 0})), (tokens{1, 3}));
  EXPECT_EQ(look::kept(cut, look::logits_of({.1, .4, .1, .38, .0001, .0001})), (tokens{1, 3, 4, 5}));
}

TEST(infill, ends_where_that_is_likely) {
  const urn::infill cut{greetings, two_ends};
  EXPECT_EQ(look::kept(cut, look::logits_of({.5, .2, .1, .1, .1, 0})), (tokens{4}));
  EXPECT_EQ(look::kept(cut, look::logits_of({0, 0, 0, 0, .1, .2})), (tokens{4, 5}));
}

TEST(infill, ends_where_nothing_is_likely) {
  const std::vector<float> flat(100, 0.0F);
  const std::array<std::string_view, 0> none{};
  std::vector<float> row = flat;
  row[4] = row[5] = -rows::infinity;
  const urn::draw draw = look::drawn(urn::top_k{40} | urn::infill{none, two_ends}, row);
  EXPECT_EQ(draw.token, 4);
  EXPECT_EQ(draw.kept, 1U);
}

TEST(infill, leaves_logits_as_they_were) {
  const rows::row row{3.0F, 2.9F, -5.0F, -6.0F, -20.0F, -rows::infinity};
  const std::vector<float> after = look::edited(urn::temperature{2} | urn::infill{{}, two_ends}, row);
  EXPECT_EQ(after[0], 1.5F);
  EXPECT_EQ(after[1], 1.45F);
  EXPECT_TRUE(std::isnan(after[2]));
  EXPECT_EQ(after[4], -10.0F);
}

TEST(infill, without_ends_changes_no_bit) {
  rows::for_each(rows::proper, 2000, [&](const char* name, const rows::row& row) {
    SCOPED_TRACE(name);
    const urn::draw plain = look::drawn(urn::top_k{50}, row, {.seed = 7});
    EXPECT_TRUE(
        look::same(look::drawn(urn::top_k{50} | urn::infill{greetings, {}}, row, {.seed = 7}), plain));
  });
}

TEST(infill, of_rows_without_a_distribution) {
  const urn::infill cut{greetings, two_ends};
  const rows::row nothing(6, -rows::infinity);
  EXPECT_TRUE(urn::has(look::drawn(cut, nothing).status, urn::status::empty));
  const urn::draw sure = look::drawn(cut, rows::row{1, rows::infinity, 2, 3, 4, 5});
  EXPECT_EQ(sure.token, 1);
  EXPECT_EQ(look::drawn(cut, rows::row{1, rows::nan, 0, -3, 4, 5}).kept, 2U);
}

TEST(infill, refuses_strangers_and_too_many_candidates) {
  constexpr std::array<urn::token_id, 1> stranger{6};
  const rows::row row(6);
  EXPECT_TRUE(look::refused(look::drawn(urn::infill{greetings, stranger}, row), urn::status::bad_argument));
  const rows::row wide(1025);
  EXPECT_TRUE(urn::has(look::drawn(urn::infill{greetings, two_ends}, wide).status, urn::status::no_space));
  EXPECT_FALSE(urn::failed(look::drawn(urn::top_k{1024} | urn::infill{greetings, two_ends}, wide).status));
}

}  // namespace
