// The edits against the logits processors of transformers: tests/fixtures/transformers_edits, where make.py
// says what a line holds.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <numeric>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "urn/urn.hpp"

namespace {

using tokens = std::vector<urn::token_id>;
using floats = std::vector<float>;

struct fields {
  std::vector<std::string> text;

  explicit fields(const std::string& line) {
    std::istringstream in(line + " ;");
    for (std::string word, field; in >> word;) {
      if (word != ";") {
        field += word + " ";
      } else {
        text.push_back(std::move(field));
        field.clear();
      }
    }
  }
  [[nodiscard]] floats numbers(std::size_t i) const {
    floats all;
    std::istringstream in(text.at(i));
    for (std::string word; in >> word;) all.push_back(std::strtof(word.c_str(), nullptr));
    return all;
  }
  [[nodiscard]] tokens ids(std::size_t i) const {
    const floats all = numbers(i);
    return {all.begin(), all.end()};
  }
};

/// The parameters of a case, one after the other.
struct parameters {
  floats values;
  std::size_t next = 0;

  float number() { return values.at(next++); }
  std::size_t count() { return static_cast<std::size_t>(number()); }
  tokens list() {
    tokens ids(count());
    for (urn::token_id& id : ids) id = static_cast<urn::token_id>(number());
    return ids;
  }
};

struct transformers_edits : testing::Test {
  std::vector<floats> rows;
  std::map<std::string, std::vector<fields>> cases;

  transformers_edits() {
    std::ifstream file(URN_TEST_FIXTURES "/transformers_edits/cases.txt");
    for (std::string line; std::getline(file, line);) {
      const fields one(line);
      const std::string name = one.text.at(0).substr(0, one.text[0].size() - 1);
      if (name == "row") {
        rows.push_back(one.numbers(1));
      } else {
        cases[name].push_back(one);
      }
    }
  }

  /// The row that a case says comes out.
  [[nodiscard]] floats expected(const fields& one, const floats& before) const {
    std::string changes = one.text.at(5);
    floats after = before;
    if (changes.starts_with("!")) {
      std::fill(after.begin(), after.end(), -naive::infinity);
      changes.erase(0, 1);
    }
    std::istringstream in(changes);
    for (std::string id, logit; in >> id >> logit;)
      after.at(std::stoul(id)) = std::strtof(logit.c_str(), nullptr);
    return after;
  }

  /// Runs the cases of a processor: edited(parameters, prompt, row, context) is what urn makes of the row.
  template <class Edited>
  void run(const std::string& name, Edited&& edited) {
    std::size_t changed = 0;
    ASSERT_GE(cases[name].size(), 200U) << name;
    for (const fields& one : cases[name]) {
      const tokens prompt = one.ids(2), output = one.ids(3);
      const floats& before = rows.at(static_cast<std::size_t>(one.numbers(4).at(0)));
      const floats wanted = expected(one, before);
      parameters given{one.numbers(1)};
      const floats seen = edited(given, before, urn::draw_context{.history = {prompt, output}});
      ASSERT_EQ(given.next, given.values.size()) << name;
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (std::isinf(wanted[i])) {
          ASSERT_EQ(seen[i], wanted[i]) << name << " ; " << one.text[1];
        } else {
          const float size = std::max({1.0F, std::fabs(before[i]), std::fabs(wanted[i])});
          ASSERT_NEAR(seen[i], wanted[i], 1e-6F * size) << name;
        }
        changed += wanted[i] != before[i] ? 1 : 0;
      }
    }
    EXPECT_GE(changed, 50U) << name;
  }
};

TEST_F(transformers_edits, ngrams) {
  run("no_repeat_ngram", [](parameters& p, const floats& row, const auto& context) {
    return look::edited(urn::no_repeat_ngram{p.count()}, row, context);
  });
  run("encoder_no_repeat_ngram", [](parameters& p, const floats& row, const auto& context) {
    const std::size_t n = p.count();
    const tokens encoder = p.list();
    return look::edited(urn::encoder_no_repeat_ngram{n, encoder}, row, context);
  });
}

TEST_F(transformers_edits, repetition) {
  run("repetition", [](parameters& p, const floats& row, const auto& context) {
    const float penalty = p.number();
    return look::edited(urn::penalties{.repetition = penalty, .ignored = p.count()}, row, context);
  });
  run("encoder_repetition", [](parameters& p, const floats& row, const auto& context) {
    const float penalty = p.number();
    const tokens encoder = p.list();
    return look::edited(urn::encoder_repetition{penalty, encoder}, row, context);
  });
}

TEST_F(transformers_edits, sequences) {
  run("sequence_bias", [](parameters& p, const floats& row, const auto& context) {
    std::vector<urn::biased_sequence> entries(p.count());
    for (urn::biased_sequence& e : entries) {
      e.tokens = p.list();
      e.bias = p.number();
    }
    return look::edited(urn::sequence_bias{entries}, row, context);
  });
  run("bad_words", [](parameters& p, const floats& row, const auto& context) {
    std::vector<tokens> words(p.count());
    for (tokens& word : words) word = p.list();
    return look::edited(urn::bad_words{words}, row, context);
  });
}

TEST_F(transformers_edits, lengths) {
  run("min_length", [](parameters& p, const floats& row, const auto& context) {
    const std::size_t n = p.count();
    const tokens ends = p.list();
    return look::edited(urn::min_length{n, ends}, row, context);
  });
  run("min_new_tokens", [](parameters& p, const floats& row, const auto& context) {
    const std::size_t n = p.count();
    const tokens ends = p.list();
    return look::edited(urn::min_tokens{n, ends}, row, context);
  });
  run("exponential_decay", [](parameters& p, const floats& row, const auto& context) {
    const std::size_t start = p.count();
    const double factor = std::round(1000 * static_cast<double>(p.number())) / 1000;
    const tokens ends = p.list();
    return look::edited(urn::exponential_decay_length{start, factor, ends}, row, context);
  });
}

TEST_F(transformers_edits, forced) {
  run("forced_bos", [](parameters& p, const floats& row, const auto& context) {
    const std::vector<urn::forced_token> entries{{0, static_cast<urn::token_id>(p.count())}};
    return look::edited(urn::forced_tokens{entries}, row, context);
  });
  run("forced_eos", [](parameters& p, const floats& row, const auto& context) {
    const std::size_t length = p.count();
    const tokens ends = p.list();
    return look::edited(urn::forced_end{length, ends}, row, context);
  });
}

TEST_F(transformers_edits, suppressed) {
  run("suppress", [](parameters& p, const floats& row, const auto& context) {
    const tokens ids = p.list();
    return look::edited(urn::suppressed_tokens{ids}, row, context);
  });
  run("suppress_begin", [](parameters& p, const floats& row, const auto& context) {
    const std::size_t begin = p.count(), prompt = context.history.prompt.size();
    const tokens ids = p.list();
    return look::edited(urn::begin_suppressed{ids, begin - prompt}, row, context);
  });
}

TEST_F(transformers_edits, allowed_by_list_and_by_mask) {
  run("prefix_constrained", [](parameters& p, const floats& row, const auto& context) {
    const tokens ids = p.list();
    std::vector<std::int32_t> words(1);
    for (const urn::token_id id : ids) words[0] |= 1 << id;
    const floats by_mask = look::edited(urn::bitmask{words}, row, context);
    const floats by_list = look::edited(urn::allowed_tokens{ids}, row, context);
    EXPECT_TRUE(look::same(by_mask, by_list));
    return by_list;
  });
}

/// Bits as hexadecimal digits, token 0 lowest.
std::string hexadecimal(std::span<const std::int32_t> words, std::size_t vocabulary) {
  std::string digits;
  for (std::size_t v = 0; v < (vocabulary + 3) / 4 * 4 && v / 32 < words.size(); v += 4) {
    digits += "0123456789abcdef"[(static_cast<std::uint32_t>(words[v / 32]) >> (v % 32)) & 15U];
  }
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  return {digits.rbegin(), digits.rend()};
}

TEST_F(transformers_edits, watermark_by_the_last_token) {
  ASSERT_GE(cases["watermark"].size(), 200U);
  for (const fields& one : cases["watermark"]) {
    std::istringstream in(one.text.at(1));
    std::size_t vocabulary = 0;
    urn::green_list::parameters p;
    in >> vocabulary >> p.ratio >> p.key;
    urn::green_list green(vocabulary, p);
    ASSERT_EQ(hexadecimal(green.after(one.ids(2)), vocabulary) + " ", one.text.at(3)) << one.text[1];
  }
}

TEST_F(transformers_edits, watermark_by_the_token_itself) {
  ASSERT_GE(cases["selfhash"].size(), 200U);
  std::map<std::string, urn::green_list> lists;  // which keep their tables
  for (const fields& one : cases["selfhash"]) {
    std::istringstream in(one.text.at(1));
    std::size_t vocabulary = 0, width = 0, first = 0, stride = 0;
    urn::green_list::parameters p;
    in >> vocabulary >> p.ratio >> p.key >> width >> first >> stride;
    tokens best(40);
    for (std::size_t i = 0; i < 40; ++i)
      best[i] = static_cast<urn::token_id>((first + i * stride) % vocabulary);
    const std::string name =
        std::to_string(vocabulary) + " " + std::to_string(p.ratio) + std::to_string(p.key);
    urn::green_list& green = lists.try_emplace(name, vocabulary, p).first->second;
    const auto words = green.among(best, one.ids(2), width);
    ASSERT_EQ((words.empty() ? "0" : hexadecimal(words, vocabulary)) + " ", one.text.at(3)) << one.text[1];
  }
}

TEST_F(transformers_edits, guidance) {
  ASSERT_GE(cases["guidance"].size(), 200U);
  for (const fields& one : cases["guidance"]) {
    const floats& with = rows.at(static_cast<std::size_t>(one.numbers(2).at(0)));
    const floats& without = rows.at(static_cast<std::size_t>(one.numbers(3).at(0)));
    const floats wanted = one.numbers(4);
    urn::workspace scratch(with.size());
    const auto row = urn::guided(urn::scalar, with, without, one.numbers(1).at(0), scratch);
    ASSERT_EQ(row.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      ASSERT_NEAR(row.at(i), wanted[i], 1e-6F * std::max(8.0F, std::fabs(wanted[i])));
    }
  }
}

}  // namespace
