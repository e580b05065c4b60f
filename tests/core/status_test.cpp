#include "urn/core/status.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>

namespace {

using urn::status;

constexpr std::array flags{status::nan,          status::infinite,     status::empty,
                           status::out_of_range, status::bad_argument, status::no_space};

TEST(status, flags_do_not_overlap) {
  for (std::size_t i = 0; i < flags.size(); ++i) {
    for (std::size_t j = 0; j < flags.size(); ++j) EXPECT_EQ(urn::has(flags[i], flags[j]), i == j);
    EXPECT_FALSE(urn::has(status::ok, flags[i]));
    EXPECT_FALSE(urn::has(flags[i], status::ok));
  }
}

TEST(status, collects_flags) {
  status s = status::ok;
  s |= status::nan;
  s |= status::empty;
  EXPECT_EQ(s, status::nan | status::empty);
  EXPECT_TRUE(urn::has(s, status::nan));
  EXPECT_TRUE(urn::has(s, status::empty | status::infinite));
  EXPECT_FALSE(urn::has(s, status::infinite | status::out_of_range));
  EXPECT_EQ(s & status::nan, status::nan);
  EXPECT_EQ(s & status::infinite, status::ok);
}

TEST(status, of_nan_or_infinite_rows_is_no_failure) {
  EXPECT_FALSE(urn::failed(status::ok));
  EXPECT_FALSE(urn::failed(status::nan | status::infinite));
  for (const status s : {status::empty, status::out_of_range, status::bad_argument, status::no_space}) {
    EXPECT_TRUE(urn::failed(s));
    EXPECT_TRUE(urn::failed(s | status::nan));
  }
}

}  // namespace
