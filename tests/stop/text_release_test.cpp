#include "urn/stop/text_release.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "urn/stop/any_of.hpp"
#include "urn/stop/max_tokens.hpp"
#include "urn/stop/stop_text.hpp"

// That what is shown is text[0:keep] on random texts is tested with stop_text (naive::disagreement).

namespace {

TEST(text_release, shows_what_is_not_held_back) {
  const urn::stop_text stop{"END"};
  auto state = stop.start();
  urn::text_release release;
  const auto push = [&](std::string_view piece) {
    return std::string(release.push(piece, stop.update(state, {.text = piece})));
  };
  EXPECT_EQ(push("the E"), "the ");
  EXPECT_EQ(push("N"), "");
  EXPECT_EQ(push("T E"), "ENT ");
  EXPECT_EQ(push("ND and more"), "");
  EXPECT_EQ(push("more"), "");
  EXPECT_EQ(release.finish(), "");
}

TEST(text_release, finish_shows_what_was_held_back) {
  urn::text_release release;
  EXPECT_EQ(release.push("the EN", {.hold_back = 2}), "the ");
  EXPECT_EQ(release.finish(), "EN");
  EXPECT_EQ(release.finish(), "");
  EXPECT_EQ(release.push("x", {}), "");
}

TEST(text_release, a_stop_for_another_reason_shows_what_was_held_back) {
  const auto stop = urn::stop_text{"END"} | urn::max_tokens{2};
  auto state = stop.start();
  urn::text_release release;
  EXPECT_EQ(release.push("a", stop.update(state, {.text = "a"})), "a");
  EXPECT_EQ(release.push("bEN", stop.update(state, {.text = "bEN"})), "bEN");
}

TEST(text_release, shows_whole_characters_until_the_end) {
  urn::text_release release;
  EXPECT_EQ(release.push("a\xF0\x9F", {}), "a");
  EXPECT_EQ(release.push("\x98", {}), "");
  EXPECT_EQ(release.push("\x80z\xC3", {}), "😀z");
  EXPECT_EQ(release.push("\xC3", {}), "\xC3");
  EXPECT_EQ(release.finish(), "\xC3");
}

TEST(text_release, copies_are_independent) {
  urn::text_release release;
  EXPECT_EQ(release.push("ab", {.hold_back = 1}), "a");
  auto fork = release;
  EXPECT_EQ(release.push("c", {}), "bc");
  EXPECT_EQ(fork.push("d", {.reason = urn::stop_reason::stop, .drop = 2}), "");
  EXPECT_EQ(release.finish(), "");
}

}  // namespace
