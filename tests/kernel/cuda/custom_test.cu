// Pieces of a user's own, those of examples/custom_pieces.hpp, by urn::cuda against urn::scalar, on a device.

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../../../examples/custom_pieces.hpp"
#include "device.hpp"

namespace {

constexpr std::size_t columns = 5'000, rows = 300;

/// Few different logits, and so ties.
std::vector<float> some_logits() {
  std::vector<float> logits(rows * columns);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const std::uint64_t h = (i * 0x9E3779B97F4A7C15ULL) ^ (i >> 7);
    logits[i] = static_cast<float>(static_cast<int>((h * 0xBF58476D1CE4E5B9ULL) >> 55) - 256) * 0x1p-5F;
  }
  return logits;
}

/// A processor, of a logit, as they come with C++'s own arithmetic.
struct halved_above {
  using stage = urn::elementwise_edit;
  float bound;
  URN_HOST_DEVICE float operator()(float logit, urn::token_id) const {
    return logit > bound ? bound + (logit - bound) / 2 : logit;
  }
};

/// A backend on a device: it does the batches its own way, here by counting them.
struct counting_batches : urn::cuda {
  int* batches;
  explicit counting_batches(int& count) : batches(&count) {}

  template <class... Arguments>
  urn::status draw_batch(const Arguments&... arguments) const {
    ++*batches;
    return urn::cuda::draw_batch(arguments...);
  }
};

struct cuda_custom : testing::Test {
  std::vector<float> logits = some_logits();
  device::array<float> there{std::span<const float>(logits)};
  device::workspace scratch{rows, columns};
  std::vector<urn::draw_context> contexts = std::vector<urn::draw_context>(rows);

  cuda_custom() {
    for (std::size_t r = 0; r < rows; ++r) contexts[r] = {.seed = r, .step = 3};
  }
  [[nodiscard]] urn::batch_view<float> batch() const { return {there.span().data(), rows, columns, columns}; }
  template <class Sampler>
  void compare(const Sampler& sampler) {
    const auto got = device::draws(sampler, batch(), contexts, scratch.view());
    urn::workspace plain{columns};
    for (std::size_t r = 0; r < rows; ++r) {
      const urn::row_view<float> row(logits.data() + r * columns, columns);
      const urn::draw expected = sampler(urn::scalar, row, contexts[r], plain);
      ASSERT_NE(expected.token, urn::no_token);
      ASSERT_TRUE(device::same(got[r], expected)) << "row " << r;
    }
  }
};

TEST_F(cuda_custom, processor) {
  compare(halved_above{5.0F} | urn::temperature{0.7F} | urn::categorical{} | urn::logprobs{});
}
TEST_F(cuda_custom, cut) {
  compare(urn::temperature{0.7F} | within_bits{3} | urn::categorical{} | urn::logprobs{});
  compare(urn::top_k{50} | within_bits{2} | urn::categorical{} | urn::logprobs{});
}
TEST_F(cuda_custom, sampler) {
  compare(urn::top_k{20} | epsilon_greedy{0.5F} | urn::logprobs{});
  compare(urn::compose(halved_above{5.0F}, within_bits{4}, epsilon_greedy{0.75F}, urn::logprobs{}));
}

/// Stops are asked on the host, of what the device has drawn.
TEST_F(cuda_custom, stop) {
  constexpr std::string_view texts[] = {"(", ")", "()", "x"};
  const closed_brackets stop;
  auto of_device = stop.start(), of_host = stop.start();
  urn::workspace plain{columns};
  const auto sampler = urn::top_k{40} | urn::categorical{};
  std::size_t stops = 0;
  const auto got = device::draws(sampler, batch(), contexts, scratch.view());
  for (std::size_t r = 0; r < rows; ++r) {
    const urn::row_view<float> row(logits.data() + r * columns, columns);
    const urn::draw expected = sampler(urn::scalar, row, contexts[r], plain);
    const auto decide = [&](int& state, urn::token_id token) {
      return stop.update(state, {.token = token, .text = texts[token % 4]});
    };
    const urn::stop_decision decision = decide(of_device, got[r].token);
    ASSERT_EQ(decision, decide(of_host, expected.token));
    if (!decision.stop()) continue;
    ++stops;
    of_device = of_host = stop.start();
  }
  EXPECT_GT(stops, 0U);
}

TEST_F(cuda_custom, backend) {
  const auto sampler = urn::temperature{0.7F} | urn::top_k{20} | urn::categorical{};
  const auto expected = device::draws(sampler, batch(), contexts, scratch.view());
  const device::array<urn::draw_context> asked{std::span<const urn::draw_context>(contexts)};
  const device::array<urn::draw> out(rows);
  int batches = 0;
  const urn::status s = sampler(counting_batches{batches}, batch(), asked.span(), out.span(), scratch.view());
  ASSERT_EQ(s, urn::status::ok);
  EXPECT_EQ(batches, 1);
  const auto got = out.values();
  for (std::size_t r = 0; r < rows; ++r) ASSERT_TRUE(device::same(got[r], expected[r])) << "row " << r;
}

}  // namespace
