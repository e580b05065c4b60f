#include "urn/stop/stop.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "stop/random_text.hpp"
#include "urn/stop/all_of.hpp"
#include "urn/stop/any_of.hpp"
#include "urn/stop/any_stop.hpp"
#include "urn/stop/end_token.hpp"
#include "urn/stop/max_tokens.hpp"
#include "urn/stop/not_before.hpp"
#include "urn/stop/repetition_stop.hpp"
#include "urn/stop/stop_callback.hpp"
#include "urn/stop/stop_regex.hpp"
#include "urn/stop/stop_text.hpp"
#include "urn/stop/text_release.hpp"
#include "urn/stop/token_sequence.hpp"

namespace {

// The smallest criterion a user can write.
struct at_token_7 {
  urn::no_stop_state start() const { return {}; }
  urn::stop_decision update(urn::no_stop_state&, const urn::stop_input& input) const {
    return {.reason = input.token == 7 ? urn::stop_reason::stop : urn::stop_reason::none};
  }
};

struct without_start {
  urn::stop_decision update(int&, const urn::stop_input&) const { return {}; }
};

struct decides_a_bool {
  int start() const { return 0; }
  bool update(int&, const urn::stop_input&) const { return false; }
};

static_assert(urn::stop_criterion<at_token_7>);
static_assert(!urn::stop_criterion<without_start>);
static_assert(!urn::stop_criterion<decides_a_bool>);
static_assert(!urn::stop_criterion<int>);
static_assert(std::is_trivially_copyable_v<urn::stop_input>);
static_assert(std::is_trivially_copyable_v<urn::stop_decision>);
static_assert(!urn::stop_decision{}.stop());
static_assert(urn::stop_decision{.reason = urn::stop_reason::stop, .drop = 3}.keep(10) == 7);
static_assert(urn::stop_check{});
static_assert(!urn::stop_check{.status = urn::stop_status::not_utf8});

TEST(stop, a_criterion_without_a_check_is_fine_and_counts_as_one) {
  EXPECT_TRUE(urn::check(at_token_7{}));
  EXPECT_EQ(urn::criteria_count(at_token_7{}), 1U);
}

TEST(stop, every_status_has_its_own_sentence) {
  std::string all;
  for (int i = 0; i <= static_cast<int>(urn::stop_status::regex_too_large); ++i) {
    const auto status = static_cast<urn::stop_status>(i);
    const auto sentence = std::string(urn::describe(status)) + "|";
    EXPECT_EQ(all.find(sentence), std::string::npos) << sentence;
    EXPECT_NE(sentence, "unknown status|");
    all += sentence;
  }
}

/// Tokens with texts, and what a criterion and a text_release make of them one after the other.
struct run {
  std::vector<urn::token_id> output;
  std::string shown;
  urn::text_release release;

  template <class C>
  urn::stop_decision take(const C& criterion, urn::stop_state_t<C>& state, urn::token_id token,
                          const std::string& text) {
    output.push_back(token);
    const urn::stop_decision d = criterion.update(state, {.token = token, .text = text, .output = output});
    shown += release.push(text, d);
    return d;
  }
};

/// A state copied, k tokens, and the copy going on: the k tokens have never been, for either.
template <class C>
void expect_snapshots(const C& criterion) {
  std::size_t stops = 0;
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    naive::random_source random{std::mt19937(seed)};
    const naive::alphabet& letters = naive::alphabets[seed % naive::alphabets.size()];
    const auto piece = [&] { return naive::text(random, letters, random.below(4)); };
    const auto token = [&] { return static_cast<urn::token_id>(random.below(3)); };
    auto straight = criterion.start(), with_detours = criterion.start();
    run wanted, seen;
    for (int step = 0; step < 30; ++step) {
      auto snapshot = with_detours;
      run before = seen;
      for (std::size_t k = random.below(5); k > 0; --k) seen.take(criterion, with_detours, token(), piece());
      with_detours = snapshot;  // rolled back
      seen = before;
      for (std::size_t k = random.below(3); k > 0; --k) before.take(criterion, snapshot, token(), piece());
      const urn::token_id next = token();
      const std::string text = piece();
      const urn::stop_decision decision = wanted.take(criterion, straight, next, text);
      ASSERT_EQ(seen.take(criterion, with_detours, next, text), decision) << seed << " " << step;
      ASSERT_EQ(seen.shown, wanted.shown);
      stops += decision.stop() ? 1 : 0;
    }
  }
  EXPECT_GT(stops, 0U);
}

TEST(stop, a_rolled_back_state_is_as_if_it_had_never_gone_on) {
  const urn::stop_text strings{"ab", "éa", "\naa", "漢a"};
  const urn::end_token ends{2};
  expect_snapshots(urn::max_tokens{12});
  expect_snapshots(ends);
  expect_snapshots(urn::token_sequence{{0, 1, 0}, {2, 2}});
  expect_snapshots(strings);
  expect_snapshots(urn::stop_regex{"a(b|é|漢)+a|aa\\n"});
  expect_snapshots(urn::repetition_stop{3, 1, 3});
  expect_snapshots(urn::not_before{6, strings});
  expect_snapshots(urn::stop_callback{[](const urn::stop_input& in) { return in.output.size() % 7 == 6; }});
  expect_snapshots(urn::token_sequence{{1, 1}} | strings | urn::not_before{20, ends});
  expect_snapshots(urn::all_of{urn::max_tokens{4}, strings});
  expect_snapshots(urn::any_stop(urn::max_tokens{25} | urn::stop_regex{"b+a"}));
}

}  // namespace
