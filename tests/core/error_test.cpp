#include "urn/core/error.hpp"

#include <gtest/gtest.h>

namespace {

TEST(error, says_where_what_and_what_would_be_right) {
  EXPECT_STREQ(urn::error("config.json", "no field 'hidden_size'", "give a positive integer").what(),
               "config.json: no field 'hidden_size'; give a positive integer");
}

TEST(error, leaves_out_what_is_empty) {
  EXPECT_STREQ(urn::error("", "the header is truncated").what(), "the header is truncated");
}

}  // namespace
