// urn's cuts against transformers' warpers: tests/fixtures/warpers.

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "urn/urn.hpp"

namespace {

using ids = std::vector<urn::token_id>;
using urn::min_keep;

struct warper_case {
  std::string warper;
  std::size_t row = 0;
  float value = 0;
  std::size_t keep = 1;
  std::string rest;

  /// The kept tokens of a row of so many.
  [[nodiscard]] ids kept(std::size_t size) const {
    std::string digits = rest.substr(rest.find_first_not_of(' '));
    ids kept;
    for (std::size_t i = 0; i < size && i / 4 < digits.size(); ++i) {
      const int digit = std::stoi(digits.substr(digits.size() - 1 - i / 4, 1), nullptr, 16);
      if ((digit >> (i % 4) & 1) != 0) kept.push_back(static_cast<urn::token_id>(i));
    }
    return kept;
  }
};

struct fixture {
  std::vector<std::vector<float>> rows;
  std::vector<warper_case> cases;

  fixture() {
    std::ifstream file(URN_TEST_FIXTURES "/warpers/cases.txt");
    for (std::string line; std::getline(file, line);) {
      std::istringstream words(line);
      std::string kind;
      words >> kind;
      if (kind == "#") continue;
      kind == "row" ? add_row(words) : add_case(kind, words);
    }
  }

 private:
  void add_row(std::istringstream& words) {
    std::size_t size = 0;
    words >> size;
    std::vector<float>& row = rows.emplace_back();
    for (std::string word; words >> word;)
      row.push_back(word == "x" ? -naive::infinity : std::stof(word) / 1024);
    ASSERT_EQ(row.size(), size);
  }
  void add_case(const std::string& warper, std::istringstream& words) {
    warper_case c;
    c.warper = warper;
    words >> c.row >> c.value >> c.keep;
    std::getline(words, c.rest);
    cases.push_back(c);
  }
};

ids kept_by_urn(const warper_case& c, const std::vector<float>& row) {
  if (c.warper == "typical") return look::kept(urn::typical{c.value, urn::typical_rule::with_ties}, row);
  if (c.warper == "epsilon") return look::kept(min_keep{c.keep, urn::epsilon_cutoff{c.value}}, row);
  if (c.warper == "eta") return look::kept(min_keep{c.keep, urn::eta_cutoff{c.value}}, row);
  if (c.warper == "min_p") return look::kept(min_keep{c.keep, urn::min_p{c.value}}, row);
  if (c.warper == "top_p") return look::kept(min_keep{c.keep, urn::top_p{c.value}}, row);
  if (c.warper == "top_k") return look::kept(urn::top_k{static_cast<std::int32_t>(c.value)}, row);
  if (c.warper == "top_h") return look::kept(urn::top_h{c.value}, row);
  ADD_FAILURE() << "no such warper: " << c.warper;
  return {};
}

void expect_divided(const warper_case& c, const std::vector<float>& row) {
  const std::vector<float> divided = look::edited(urn::temperature{c.value}, row);
  std::istringstream words(c.rest);
  std::size_t i = 0;
  for (std::string word; words >> word; ++i) {
    if (std::isinf(row[i])) continue;
    const float expected = std::stof(word);
    EXPECT_NEAR(divided[i], expected, 1e-6F * std::fabs(expected)) << c.row;
  }
}

TEST(warpers, keep_what_those_of_transformers_keep) {
  const fixture all;
  std::map<std::string, std::size_t> compared;
  for (const warper_case& c : all.cases) {
    const std::vector<float>& row = all.rows[c.row];
    ++compared[c.warper];
    if (c.warper == "temperature") {
      expect_divided(c, row);
    } else {
      EXPECT_EQ(kept_by_urn(c, row), c.kept(row.size()))
          << c.warper << ", row " << c.row << ", " << c.value << ", at least " << c.keep;
    }
  }
  EXPECT_EQ(compared.size(), 8U);
  for (const auto& [warper, count] : compared) EXPECT_GE(count, 200U) << warper;
}

}  // namespace
