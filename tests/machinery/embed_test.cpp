#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "embedded_model.hpp"

namespace {

std::string file(const std::string& name) {
  std::ifstream stream(URN_TEST_FIXTURES "/embed/" + name, std::ios::binary);
  EXPECT_TRUE(stream) << name;
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string_view text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(embed, holds_the_bytes_of_each_file) {
  EXPECT_EQ(text(embedded::config_json()), file("config.json"));
  EXPECT_EQ(text(embedded::all_bytes_bin()), file("all-bytes.bin"));
  EXPECT_EQ(embedded::all_bytes_bin().size(), 512U);
  EXPECT_TRUE(embedded::empty_bin().empty());
}

TEST(embed, aligns_each_file_to_a_cache_line) {
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(embedded::all_bytes_bin().data()) % 64, 0U);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(embedded::config_json().data()) % 64, 0U);
}

}  // namespace
