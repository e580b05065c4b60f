#include "urn/model/tokenizer/nfc.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using urn::tokenizing::nfc;

TEST(nfc, leaves_ascii_and_composed_text) {
  for (const std::string text : {"", "plain", "é", "漢字", "한국", "🙂"}) EXPECT_EQ(nfc(text), text);
}

TEST(nfc, composes_marks) {
  EXPECT_EQ(nfc("e\u0301"), "\u00E9");
  EXPECT_EQ(nfc("a\u0323\u0302"), "\u1EAD");
  EXPECT_EQ(nfc("a\u0302\u0323"), "\u1EAD");        // reordered first
  EXPECT_EQ(nfc("a\u0327\u0301"), "\u00E1\u0327");  // not blocked
  EXPECT_EQ(nfc("q\u0307\u0323"), "q\u0323\u0307");
  EXPECT_EQ(nfc("\u0301e"), "\u0301e");  // a mark without a starter
}

TEST(nfc, replaces_singletons_and_excluded_compositions) {
  EXPECT_EQ(nfc("\u212B"), "\u00C5");  // the Angstrom sign
  EXPECT_EQ(nfc("\u0344"), "\u0308\u0301");
  EXPECT_EQ(nfc("\u0958"), "\u0915\u093C");
  EXPECT_EQ(nfc("\U0001D15E"), "\U0001D157\U0001D165");
  EXPECT_EQ(nfc("\U0002F800"), "\u4E3D");
}

TEST(nfc, composes_hangul) {
  EXPECT_EQ(nfc("\u1100\u1161"), "\uAC00");
  EXPECT_EQ(nfc("\u1100\u1161\u11A8"), "\uAC01");
  EXPECT_EQ(nfc("\uAC00\u11A8"), "\uAC01");
  EXPECT_EQ(nfc("\uAC01\u11A8"), "\uAC01\u11A8");
  EXPECT_EQ(nfc("\u1112\u1175\u11C2"), "\uD7A3");
}

TEST(nfc, keeps_escaped_bytes_apart) {
  const std::string text = urn::tokenizing::escape_invalid("e\xFF\xCC\x81");
  EXPECT_EQ(nfc(text), text);
}

TEST(nfc, is_idempotent_for_every_code_point) {
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string text = "a";
    urn::tokenizing::append_utf8(text, c);
    ASSERT_EQ(nfc(nfc(text)), nfc(text)) << static_cast<unsigned>(c);
  }
}

}  // namespace
