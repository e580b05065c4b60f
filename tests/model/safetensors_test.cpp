#include "urn/model/safetensors.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/expect_error.hpp"
#include "support/safetensors_writer.hpp"

namespace {

using namespace urn::test;
using urn::safetensors;
using urn::tensor_type;

static_assert(!std::is_copy_constructible_v<safetensors> &&
              std::is_nothrow_move_constructible_v<urn::mapped_file>);

std::vector<std::uint32_t> patterns(const std::vector<float>& values) {
  std::vector<std::uint32_t> result;
  for (const float x : values) result.push_back(std::bit_cast<std::uint32_t>(x));
  return result;
}

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float smallest = std::numeric_limits<float>::denorm_min();

TEST(safetensors, gives_out_every_tensor) {
  const bytes file = safetensors_writer()
                         .add("b", "F32", "[2,3]", bytes_of<float>({1, 2, 3, 4, 5, 6}))
                         .add("a", "F16", "[2]", bytes_of<std::uint16_t>({0x3C00, 0xC000}))
                         .add("scalar", "BF16", "[]", bytes_of<std::uint16_t>({0x3F80}))
                         .add("none", "F32", "[0,7]", {})
                         .file();
  const auto weights = safetensors::parse(file, "weights");
  EXPECT_EQ(weights.names(), (std::vector<std::string>{"a", "b", "none", "scalar"}));
  EXPECT_TRUE(weights.contains("b"));
  EXPECT_FALSE(weights.contains("c"));
  EXPECT_EQ(weights.at("b").type, tensor_type::f32);
  EXPECT_EQ(weights.at("b").shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(floats(weights.at("b")), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(weights.at("a").type, tensor_type::f16);
  EXPECT_EQ(floats(weights.at("a")), (std::vector<float>{1, -2}));
  EXPECT_EQ(weights.at("scalar").type, tensor_type::bf16);
  EXPECT_TRUE(weights.at("scalar").shape.empty());
  EXPECT_EQ(floats(weights.at("scalar")), std::vector<float>{1});
  EXPECT_EQ(weights.at("none").shape, (std::vector<std::int64_t>{0, 7}));
  EXPECT_TRUE(weights.at("none").bytes.empty());
}

TEST(safetensors, converts_special_values_exactly) {
  const float nan = std::bit_cast<float>(0x7FC00123U);
  const std::vector<float> f32{0.0F, -0.0F, smallest, -smallest, infinity, -infinity, nan, 3.4028235e38F};
  const std::vector<std::uint16_t> f16{0x0000, 0x8000, 0x0001, 0x83FF, 0x7C00, 0xFC00, 0x7E01, 0x7BFF};
  const std::vector<std::uint16_t> bf16{0x0000, 0x8000, 0x0001, 0x807F, 0x7F80, 0xFF80, 0x7FC1, 0x7F7F};
  const bytes file = safetensors_writer()
                         .add("f32", f32)
                         .add("f16", "F16", "[8]", bytes_of(f16))
                         .add("bf16", "BF16", "[8]", bytes_of(bf16))
                         .file();
  const auto weights = safetensors::parse(file, "weights");
  EXPECT_EQ(patterns(floats(weights.at("f32"))), patterns(f32));
  EXPECT_EQ(patterns(floats(weights.at("f16"))),
            patterns({0.0F, -0.0F, 0x1p-24F, -0x3FFp-24F, infinity, -infinity,
                      std::bit_cast<float>(0x7FC02000U), 65504.0F}));
  EXPECT_EQ(patterns(floats(weights.at("bf16"))),
            patterns({0.0F, -0.0F, 0x1p-133F, -0x7Fp-133F, infinity, -infinity,
                      std::bit_cast<float>(0x7FC10000U), 0x1.FEp127F}));
}

TEST(safetensors, reads_a_buffer_at_any_address) {
  const bytes file = safetensors_writer()
                         .add("odd", "F16", "[1]", bytes_of<std::uint16_t>({0x3C00}))
                         .add("x", {1.5F, -2.5F})
                         .file();
  for (std::size_t shift = 0; shift < 8; ++shift) {
    bytes moved(shift);
    moved.insert(moved.end(), file.begin(), file.end());
    const auto weights = safetensors::parse(std::span(moved).subspan(shift), "weights");
    EXPECT_EQ(floats(weights.at("x")), (std::vector<float>{1.5F, -2.5F})) << shift;
  }
}

TEST(safetensors, takes_metadata_and_trailing_spaces) {
  const auto file = file_of(
      R"({"__metadata__":{"format":"pt"},"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}   )", bytes(1));
  const auto weights = safetensors::parse(file, "weights");
  EXPECT_EQ(weights.names(), std::vector<std::string>{"x"});
  EXPECT_FALSE(weights.contains("__metadata__"));
  EXPECT_TRUE(safetensors::parse(file_of("{}"), "weights").names().empty());
}

TEST(safetensors, reads_every_type_and_gives_out_three) {
  const std::vector<std::pair<std::string, std::size_t>> others{
      {"F64", 8},     {"C64", 8},     {"I64", 8},         {"U64", 8},        {"I32", 4},  {"U32", 4},
      {"I16", 2},     {"U16", 2},     {"I8", 1},          {"U8", 1},         {"BOOL", 1}, {"F8_E5M2", 1},
      {"F8_E4M3", 1}, {"F8_E8M0", 1}, {"F8_E5M2FNUZ", 1}, {"F8_E4M3FNUZ", 1}};
  for (const auto& [type, size] : others) {
    const bytes file = file_of_one(type, "[3]", bytes(3 * size));
    const auto weights = safetensors::parse(file, "w");
    EXPECT_TRUE(weights.contains("x"));
    expect_error([&] { weights.at("x"); },
                 "w: x: has type " + type + ", which urn does not compute with; expected F32, F16 or BF16");
  }
  const bytes six =
      safetensors_writer().add("x", "F6_E2M3", "[4]", bytes(3)).add("y", "F6_E3M2", "[8]", bytes(6)).file();
  EXPECT_EQ(safetensors::parse(six, "w").names().size(), 2U);
  const bytes four = file_of_one("F4", "[3,2]", bytes(3));
  EXPECT_TRUE(safetensors::parse(four, "w").contains("x"));
}

TEST(safetensors, names_a_missing_tensor) {
  const auto weights = safetensors::parse(file_of("{}"), "w");
  expect_error([&] { weights.at("lm_head.weight"); },
               "w: has no tensor \"lm_head.weight\"; names() lists those it has");
}

TEST(safetensors, to_float_checks_the_size) {
  const bytes file = file_of_one("F16", "[2]", bytes(4));
  const auto tensor = safetensors::parse(file, "w").at("x");
  for (const std::size_t size : {0U, 1U, 3U}) {
    std::vector<float> out(size, 7.0F);
    expect_error([&] { urn::to_float(tensor, out); }, "to_float: a tensor of 4 bytes does not fill " +
                                                          std::to_string(size) +
                                                          " floats; expected 2 bytes for each float");
    EXPECT_EQ(out, std::vector<float>(size, 7.0F));
  }
}

void expect_refused(const bytes& file, const std::string& problem) {
  expect_error_with([&] { safetensors::parse(file, "w"); }, problem);
}

TEST(safetensors, refuses_a_bad_length) {
  for (std::size_t size = 0; size < 8; ++size) {
    expect_refused(bytes(size),
                   "w: has " + std::to_string(size) + " bytes; expected a safetensors file of at least 8");
  }
  expect_refused(bytes_of<std::uint64_t>({1}),
                 "w: states a header of 1 bytes and has 0 left; expected the whole file");
  expect_refused(bytes_of<std::uint64_t>({100'000'001}),
                 "states a header of 100000001 bytes; expected at most 100 MB");
  expect_refused(bytes_of<std::uint64_t>({100'000'000}), "states a header of 100000000 bytes and has 0 left");
  expect_refused(bytes(8, std::byte{0xFF}),
                 "states a header of 18446744073709551615 bytes; expected at most 100 MB");
}

TEST(safetensors, refuses_a_truncated_file) {
  const bytes file = file_of_one("F32", "[3]", bytes(12));
  EXPECT_NO_THROW(safetensors::parse(file, "w"));
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_THROW(safetensors::parse(std::span(file).first(size), "w"), urn::error) << size;
  }
}

TEST(safetensors, refuses_a_header_that_is_no_json_object) {
  expect_refused(file_of(""), "w: has a header that does not begin with {; expected a JSON object");
  expect_refused(file_of("[]"), "does not begin with {");
  expect_refused(file_of(" {}"), "does not begin with {");
  expect_refused(file_of("\xEF\xBB\xBF{}"), "does not begin with {");
  expect_refused(file_of("{"), "w: is not JSON: ");
  expect_refused(file_of("{}{}"), "w: is not JSON: ");
  expect_refused(file_of("{\"\xFF\":1}"), "w: is not JSON: ");
  expect_refused(file_of("{\"\xC0\x80\":1}"), "w: is not JSON: ");
  expect_refused(file_of(std::string("{}\0garbage", 10)),
                 "w: contains a zero byte; expected one JSON object in UTF-8");
}

TEST(safetensors, refuses_repeated_names) {
  const std::string entry = R"({"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  expect_refused(file_of("{\"x\":" + entry + ",\"x\":" + entry + "}"),
                 "w: has \"x\" twice; expected every name of an object once");
  expect_refused(file_of("{\"x\":" + entry + ",\"\\u0078\":" + entry + "}"), "has \"x\" twice");
  expect_refused(file_of(R"({"x":{"dtype":"U8","shape":[0],"shape":[0],"data_offsets":[0,0]}})"),
                 "has \"shape\" twice");
  expect_refused(file_of(R"({"__metadata__":{"a":"b","a":"b"}})"), "has \"a\" twice");
}

TEST(safetensors, refuses_deep_nesting) {
  const auto nested = [](std::size_t depth) {
    return file_of("{\"x\":" + std::string(depth, '[') + std::string(depth, ']') + "}");
  };
  expect_refused(nested(60), "w: x: has no dtype");
  expect_refused(nested(100), "w: is nested too deeply; expected at most 64 levels");
  expect_refused(nested(1'000'000), "is nested too deeply");
}

TEST(safetensors, refuses_bad_metadata) {
  expect_refused(file_of(R"({"__metadata__":{"a":1}})"),
                 "w: __metadata__: is {\"a\":1}; expected an object of strings");
  expect_refused(file_of(R"({"__metadata__":[]})"), "w: __metadata__: is []; expected an object of strings");
}

TEST(safetensors, refuses_bad_entries) {
  const auto entry = [](const std::string& fields, std::size_t size = 4) {
    return file_of("{\"x\":{" + fields + "}}", bytes(size));
  };
  expect_refused(file_of(R"({"x":1})"), "w: x: has no dtype; expected dtype, shape, data_offsets");
  expect_refused(entry(R"("dtype":"F32","data_offsets":[0,4])"), "w: x: has no shape");
  expect_refused(entry(R"("dtype":"F32","shape":[1])"), "w: x: has no data_offsets");
  const std::string offsets = R"(,"data_offsets":[0,4])";
  expect_refused(entry(R"("dtype":"F31","shape":[1])" + offsets),
                 "w: x.dtype: \"F31\" is not a type; expected one of");
  expect_refused(entry(R"("dtype":32,"shape":[1])" + offsets), "w: x.dtype: 32 is not a type");
  const std::string integers = "; expected an array of integers from 0 to 2^63 - 1";
  for (const std::string shape :
       {"1", "[-1]", "[1.0]", "[\"1\"]", "[null]", "[true]", "{}", "[[1]]", "[9223372036854775808]",
        "[18446744073709551616]", "[-9223372036854775809]"}) {
    const bytes file = entry(R"("dtype":"F32","shape":)" + shape + offsets);
    expect_refused(file, "w: x.shape: is ");
    expect_refused(file, integers);
  }
}

TEST(safetensors, refuses_bad_offsets) {
  const auto offsets = [](const std::string& text) {
    return file_of(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":)" + text + "}}", bytes(4));
  };
  EXPECT_NO_THROW(safetensors::parse(offsets("[0,4]"), "w"));
  expect_refused(offsets("[4,0]"), "w: x.data_offsets: is [4,0]; expected begin <= end <= 4");
  expect_refused(offsets("[0,5]"), "w: x.data_offsets: is [0,5]; expected begin <= end <= 4");
  expect_refused(offsets("[9223372036854775803,9223372036854775807]"), "expected begin <= end <= 4");
  expect_refused(offsets("[0]"), "w: x.data_offsets: is [0]; expected begin <= end");
  expect_refused(offsets("[0,2,4]"), "w: x.data_offsets: is [0,2,4]; expected begin <= end");
  expect_refused(offsets("[-4,0]"), "w: x.data_offsets: is [-4,0]; expected an array of integers");
  expect_refused(offsets("null"), "w: x.data_offsets: is null; expected an array of integers");
}

TEST(safetensors, refuses_sizes_that_do_not_fit_the_shape) {
  const auto shaped = [](const std::string& type, const std::string& shape, std::size_t size) {
    return file_of_one(type, shape, bytes(size));
  };
  expect_refused(shaped("F32", "[2]", 4), "w: x: has 4 bytes; expected those of F32 with shape [2]");
  expect_refused(shaped("F16", "[1]", 4), "w: x: has 4 bytes; expected those of F16 with shape [1]");
  expect_refused(shaped("F32", "[]", 0), "w: x: has 0 bytes; expected those of F32 with shape []");
  expect_refused(shaped("F32", "[0]", 4), "w: x: has 4 bytes");
  expect_refused(shaped("F4", "[3]", 1), "w: x: has 1 bytes; expected those of F4 with shape [3]");
  expect_refused(shaped("F6_E2M3", "[3]", 2), "w: x: has 2 bytes");
  // Products that wrap to the right size modulo 2^64.
  expect_refused(shaped("F32", "[4611686018427387904]", 0), "w: x: has 0 bytes");
  expect_refused(shaped("F32", "[4294967296,4294967296]", 0), "w: x: has 0 bytes");
  expect_refused(shaped("U8", "[9223372036854775807,9223372036854775807]", 1), "w: x: has 1 bytes");
}

std::string byte_tensor(const std::string& name, std::size_t begin, std::size_t end) {
  return "\"" + name + R"(":{"dtype":"U8","shape":[)" + std::to_string(end - begin) +
         R"(],"data_offsets":[)" + std::to_string(begin) + "," + std::to_string(end) + "]}";
}

TEST(safetensors, refuses_overlaps_and_holes) {
  const auto pair = [](std::size_t a, std::size_t b, std::size_t c, std::size_t d) {
    return file_of("{" + byte_tensor("x", a, b) + "," + byte_tensor("y", c, d) + "}", bytes(8));
  };
  const std::string remedy = "; expected tensors that follow each other without gaps to the end of the file";
  EXPECT_NO_THROW(safetensors::parse(pair(0, 4, 4, 8), "w"));
  EXPECT_NO_THROW(safetensors::parse(pair(5, 8, 0, 5), "w"));
  EXPECT_NO_THROW(safetensors::parse(pair(0, 0, 0, 8), "w"));
  EXPECT_NO_THROW(safetensors::parse(pair(8, 8, 0, 8), "w"));
  expect_refused(pair(0, 4, 3, 8), "w: has overlapping tensors at data offset 3" + remedy);
  expect_refused(pair(0, 8, 0, 8), "w: has overlapping tensors at data offset 0" + remedy);
  expect_refused(pair(0, 8, 4, 4), "w: has overlapping tensors at data offset 4" + remedy);
  expect_refused(pair(0, 3, 4, 8), "w: has bytes that no tensor owns at data offset 3" + remedy);
  expect_refused(pair(1, 4, 4, 8), "w: has bytes that no tensor owns at data offset 0" + remedy);
  expect_refused(pair(0, 4, 4, 7), "w: has bytes that no tensor owns at data offset 7" + remedy);
  expect_refused(file_of("{}", bytes(1)), "w: has bytes that no tensor owns at data offset 0" + remedy);
}

TEST(safetensors, opens_a_file_and_survives_moves) {
  const temporary_directory directory;
  const auto path = directory.write("model.safetensors", file_of_one({3, 4}));
  auto opened = safetensors::open(path);
  const auto tensor = opened.at("x");
  safetensors moved(std::move(opened));
  EXPECT_EQ(floats(tensor), (std::vector<float>{3, 4}));
  const auto other = directory.write("other.safetensors", file_of("{}"));
  auto assigned = safetensors::open(other);
  assigned = std::move(moved);
  EXPECT_EQ(floats(tensor), (std::vector<float>{3, 4}));
  EXPECT_EQ(floats(assigned.at("x")), (std::vector<float>{3, 4}));
}

TEST(safetensors, names_a_file_it_cannot_open) {
  const temporary_directory directory;
  const auto missing = directory.path() / "missing.safetensors";
  expect_open_error<safetensors>(missing,
                                 "cannot be read: No such file or directory; expected a readable file");
  expect_open_error<safetensors>(directory.path(), "is not a regular file; expected a readable file");
  const auto empty = directory.write("empty.safetensors", bytes{});
  expect_open_error<safetensors>(empty, "has 0 bytes; expected a safetensors file of at least 8");
  bytes file = file_of_one("F32", "[2]", bytes(8));
  file.pop_back();
  const auto truncated = directory.write("truncated.safetensors", file);
  expect_open_error<safetensors>(truncated, "x.data_offsets: is [0,8]; expected begin <= end <= 7");
}

}  // namespace
