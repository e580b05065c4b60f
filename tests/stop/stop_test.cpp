#include "urn/stop/stop.hpp"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>

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

}  // namespace
