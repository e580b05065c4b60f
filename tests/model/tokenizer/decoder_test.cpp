#include "urn/model/tokenizer/decoder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace urn::tokenizing;
using texts = std::vector<std::string>;

std::string decoded(const decoder& steps, const texts& tokens) {
  decoding work(steps);
  std::string out;
  for (const std::string& token : tokens) out += work.push(token);
  return out + work.finish();
}

TEST(decoder, strips_each_token_or_all_of_them) {
  const strip both{" ", 1, 2};
  EXPECT_EQ(decoded({both}, {"  a   ", " b", "c"}), " a bc");
  EXPECT_EQ(decoded({fuse{}, both}, {" ", " a  ", " ", "b "}), " a   b");
  EXPECT_EQ(decoded({both}, {"", " ", "  ", "   "}), "");  // shorter than what is stripped
  EXPECT_EQ(decoded({fuse{}, strip{"é", 0, 1}}, {"éé", "é"}), "éé");
}

TEST(decoder, gives_out_what_is_certain) {
  const decoder steps = {fuse{}, strip{" ", 0, 1}};
  decoding work(steps);
  EXPECT_EQ(work.push("a "), "a");
  EXPECT_EQ(work.push(" "), " ");
  EXPECT_EQ(work.push("b"), " b");
  EXPECT_EQ(work.finish(), "");
}

TEST(decoder, reads_fallback_bytes) {
  const decoder steps = {byte_fallback{}};
  EXPECT_EQ(decoded(steps, {"<0xE2>", "<0x82>", "<0xac>", "x"}), "€x");
  EXPECT_EQ(decoded(steps, {"<0x41>", "<0xFF>", "x", "<0x42>"}), "\uFFFD\uFFFDxB");
  EXPECT_EQ(decoded(steps, {"<0xGG>", "<0x1>", "<0x123>"}), "<0xGG><0x1><0x123>");
}

TEST(decoder, reads_byte_characters_and_lets_other_tokens_be) {
  EXPECT_EQ(decoded({read_bytes{}}, {"Ġhi", "Ċ", "a b", "漢"}), " hi\na b漢");
}

TEST(decoder, reads_metaspace_marks) {
  EXPECT_EQ(decoded({read_metaspace_marks{"▁", true}}, {"▁a", "▁b▁c"}), "a b c");
  EXPECT_EQ(decoded({read_metaspace_marks{"▁", false}}, {"▁a", "▁b"}), " a b");
}

TEST(decoder, replaces_within_each_token) {
  EXPECT_EQ(decoded({replacement{"ab", "x"}}, {"ab", "a", "b"}), "xab");
  EXPECT_EQ(decoded({fuse{}, replacement{"ab", "x"}}, {"ab", "a", "b"}), "xx");
}

}  // namespace
