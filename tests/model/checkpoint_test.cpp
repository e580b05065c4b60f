#include "urn/model/checkpoint.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "support/expect_error.hpp"
#include "support/safetensors_writer.hpp"

namespace {

using namespace urn::test;
using urn::checkpoint;

using row = std::vector<float>;

constexpr auto single = "model.safetensors";
constexpr auto index = "model.safetensors.index.json";

TEST(checkpoint, reads_a_file_in_memory) {
  const bytes file = file_of_one({3});
  const auto weights = checkpoint::parse(file, "w");
  EXPECT_EQ(weights.names(), std::vector<std::string>{"x"});
  EXPECT_TRUE(weights.contains("x"));
  EXPECT_FALSE(weights.contains("y"));
  EXPECT_EQ(floats(weights.at("x")), row{3});
  expect_error([&] { weights.at("y"); }, "w: has no tensor \"y\"; names() lists those it has");
  expect_error_with([] { checkpoint::parse(bytes(7), "w"); }, "w: has 7 bytes");
}

TEST(checkpoint, opens_a_single_file_before_an_index) {
  const temporary_directory directory;
  directory.write(single, file_of_one({3}));
  directory.write(index, "not read");
  const auto weights = checkpoint::open(directory.path());
  EXPECT_EQ(floats(weights.at("x")), row{3});
  expect_error([&] { weights.at("y"); },
               (directory.path() / single).string() + ": has no tensor \"y\"; names() lists those it has");
}

TEST(checkpoint, opens_shards) {
  const temporary_directory directory;
  directory.write("model-00001-of-00002.safetensors",
                  safetensors_writer().add("a", {1}).add("unlisted", {9}).add("c", {3}).file());
  directory.write("model-00002-of-00002.safetensors", safetensors_writer().add("b", {2}).file());
  directory.write(index, R"({"metadata":{"total_size":12},"weight_map":{
      "b":"model-00002-of-00002.safetensors", "a":"model-00001-of-00002.safetensors",
      "c":"model-00001-of-00002.safetensors"}})");
  auto opened = checkpoint::open(directory.path());
  const auto weights = std::move(opened);
  EXPECT_EQ(weights.names(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_FALSE(weights.contains("unlisted"));
  EXPECT_EQ(floats(weights.at("a")), row{1});
  EXPECT_EQ(floats(weights.at("b")), row{2});
  EXPECT_EQ(floats(weights.at("c")), row{3});
  expect_error([&] { weights.at("y"); },
               (directory.path() / index).string() + ": has no tensor \"y\"; names() lists those it has");
}

TEST(checkpoint, names_what_a_directory_lacks) {
  const temporary_directory directory;
  const std::string remedy = "; expected a directory with model.safetensors or model.safetensors.index.json";
  const auto missing = directory.path() / "missing";
  expect_open_error<checkpoint>(missing, "is not a directory" + remedy);
  expect_open_error<checkpoint>(directory.path(), "holds no weights" + remedy);
  const auto file = directory.write("pytorch_model.bin", "weights");
  expect_open_error<checkpoint>(file, "is not a directory" + remedy);
  expect_open_error<checkpoint>(directory.path(), "holds no weights" + remedy);
}

void expect_refused(const temporary_directory& directory, const std::string& problem) {
  expect_error_with([&] { checkpoint::open(directory.path()); }, problem);
}

TEST(checkpoint, refuses_a_bad_single_file) {
  const temporary_directory directory;
  const auto path = directory.write(single, bytes{});
  expect_refused(directory, path.string() + ": has 0 bytes");
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  expect_refused(directory, path.string() + ": is not a regular file");
}

void expect_bad_index(std::string_view text, const std::string& problem) {
  const temporary_directory directory;
  directory.write("shard.safetensors", file_of_one({1}));
  const auto path = directory.write(index, text);
  expect_refused(directory, path.string() + ": " + problem);
}

TEST(checkpoint, refuses_a_bad_index) {
  expect_bad_index("", "is not JSON: ");
  expect_bad_index("[]", "is not a JSON object; expected one JSON object in UTF-8");
  expect_bad_index(std::string_view("{}\0", 3), "contains a zero byte");
  const std::string map =
      "weight_map: is not an object with entries; expected {\"<tensor>\": \"<shard file>\", ...}";
  expect_bad_index("{}", map);
  expect_bad_index(R"({"weight_map":[]})", map);
  expect_bad_index(R"({"weight_map":{}})", map);
  expect_bad_index(R"({"weight_map":{"x":"shard.safetensors","x":"shard.safetensors"}})", "has \"x\" twice");
  expect_bad_index(R"({"weight_map":{"y":"shard.safetensors"}})",
                   "weight_map.y: is not in shard.safetensors; expected the shard that holds the tensor");
}

TEST(checkpoint, refuses_shards_that_are_no_plain_names) {
  const std::vector<std::string> files{R"("../shard.safetensors")",
                                       R"("/shard.safetensors")",
                                       R"("a\\b")",
                                       R"("")",
                                       R"(".")",
                                       R"("..")",
                                       R"("a\u0000b")",
                                       "1",
                                       "null"};
  for (const auto& file : files) {
    expect_bad_index(R"({"weight_map":{"x":)" + file + "}}",
                     "weight_map.x: " + nlohmann::json::parse(file).dump() +
                         " is not a shard's file name; expected the plain name of a file beside the index");
  }
}

TEST(checkpoint, refuses_bad_shards) {
  const temporary_directory directory;
  directory.write(index, R"({"weight_map":{"x":"shard.safetensors"}})");
  const std::string shard = (directory.path() / "shard.safetensors").string();
  expect_refused(directory, shard + ": cannot be read: No such file or directory");
  directory.write("shard.safetensors", bytes(9));
  expect_refused(directory, shard + ": has a header that does not begin with {");
}

}  // namespace
