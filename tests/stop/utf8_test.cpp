#include "urn/stop/utf8.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "stop/naive_stop.hpp"
#include "stop/random_text.hpp"

namespace {

using urn::detail::is_utf8;
using urn::detail::utf8_boundary;

static_assert(is_utf8("aé漢😀"));
static_assert(utf8_boundary("aé", 2) == 1);

TEST(utf8, knows_every_character) {
  for (std::uint32_t c = 0; c <= 0x110000; ++c) {
    const bool scalar = c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
    ASSERT_EQ(is_utf8(naive::encode(c)), scalar) << c;
    ASSERT_EQ(urn::detail::utf8_decode(naive::encode(c)), c);
  }
}

TEST(utf8, knows_every_pair_of_bytes_and_what_begins_with_it) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      std::string text{static_cast<char>(a), static_cast<char>(b)};
      for (int more = 0; more < 4; ++more, text += '\x80') {
        ASSERT_EQ(is_utf8(text), naive::is_utf8(text)) << a << " " << b << " " << more;
      }
    }
  }
}

TEST(utf8, boundary_is_where_characters_end) {
  naive::random_source random{std::mt19937(5)};
  for (int trial = 0; trial < 2000; ++trial) {
    const auto text = naive::text(random, naive::alphabets.back(), random.below(6));
    std::size_t expected = 0;
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      if (naive::is_utf8(text.substr(0, cut))) expected = cut;
      ASSERT_EQ(utf8_boundary(text, cut), expected) << text << " " << cut;
      ASSERT_EQ(utf8_boundary(text.substr(0, cut), cut), expected) << text << " " << cut;
    }
  }
}

TEST(utf8, boundary_passes_over_what_cannot_become_a_character) {
  EXPECT_EQ(utf8_boundary("a\x80\x80\x80\x80", 5), 5U);
  EXPECT_EQ(utf8_boundary("\xC3z", 1), 1U);
  EXPECT_EQ(utf8_boundary("\xC3", 1), 0U);
  EXPECT_EQ(utf8_boundary("\xFF", 1), 1U);
  EXPECT_EQ(utf8_boundary("\xC3\xA9\xA9", 3), 3U);
}

}  // namespace
