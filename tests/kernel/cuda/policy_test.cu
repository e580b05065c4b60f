// urn::cuda against urn::scalar, on a device. urn-proof-cuda compares a million small rows; here are long
// rows in large batches, and what an engine relies on.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <thread>
#include <vector>

#include "device.hpp"
#include "long_rows.cuh"

namespace {

using device::contexts_of, device::differences, device::fill, device::on_host;
using urn::draw, urn::draw_context;

constexpr auto chain = urn::temperature{0.8F} | urn::top_k{50} | urn::top_p{0.9F} | urn::min_p{0.02F} |
                       urn::categorical{} | urn::logprobs{};
constexpr auto best = urn::greedy{} | urn::logprobs{};
constexpr auto plain = urn::temperature{0.7F} | urn::categorical{};
constexpr auto nucleus = urn::temperature{1.0F} | urn::top_p{0.9F} | urn::categorical{};

TEST(cuda, equals_the_host_on_100000_long_rows) {
  EXPECT_EQ(differences(chain, 100'000, 151'936, 151'936), 0U);
}
TEST(cuda, equals_the_host_without_a_cut) { EXPECT_EQ(differences(plain, 4'000, 128'256, 128'256), 0U); }
TEST(cuda, equals_the_host_where_many_are_kept) {
  EXPECT_EQ(differences(nucleus, 4'000, 128'256, 128'256), 0U);
}
/// Of nuclei from which only a token is drawn no list is written: of aligned rows, of others, of edited ones,
/// and of rows with more blocks than that way takes.
TEST(cuda, draws_from_nuclei_of_thousands) {
  for (const float p : {0.3F, 0.9F, 0.999F}) {
    const auto nucleus = urn::temperature{1.0F} | urn::top_p{p} | urn::categorical{};
    EXPECT_EQ(differences(nucleus, 200, 128'256, 128'256), 0U) << p;
    EXPECT_EQ(differences(nucleus | urn::logprobs{}, 100, 50'257, 50'301), 0U) << p;
    EXPECT_EQ(differences(urn::soft_cap{20.0F} | nucleus, 100, 151'936, 151'936), 0U) << p;
    EXPECT_EQ(differences(urn::top_k{0} | nucleus, 60, 262'144, 262'144), 0U) << p;
    EXPECT_EQ(differences(nucleus, 60, 262'145, 262'148), 0U) << p;
  }
}
/// Those that reports look at are lists.
TEST(cuda, reports_on_nuclei_of_thousands) {
  const auto nucleus = urn::temperature{1.0F} | urn::top_p{0.9F} | urn::categorical{};
  EXPECT_EQ(differences(nucleus | urn::logprobs{.value = urn::logprob_value::logit}, 100, 50'257, 50'257),
            0U);
  EXPECT_EQ(differences(urn::top_p{0.95F} | nucleus, 100, 50'257, 50'257), 0U);
  EXPECT_EQ(differences(urn::top_p{0.95F} | urn::min_p{0.01F} | urn::categorical{}, 100, 50'257, 50'257), 0U);
  EXPECT_EQ(differences(urn::top_p{0.95F} | urn::temperature{2.0F} | urn::categorical{}, 100, 50'257, 50'257),
            0U);
}

TEST(cuda, takes_rows_at_any_address) {
  EXPECT_EQ(differences(chain, 2'000, 50'257, 50'257), 0U);
  EXPECT_EQ(differences(plain, 2'000, 1'001, 1'003), 0U);
}

TEST(cuda, draws_the_same_in_any_place_of_any_batch) {
  constexpr std::size_t columns = 32'000, rows = 64;
  const device::array<float> logits(rows * columns);
  const device::workspace scratch(rows, columns);
  fill<<<rows, 256>>>(logits.span().data(), columns, columns, 5);
  const auto contexts = contexts_of(5, rows);
  const auto together = device::draws(
      chain, urn::batch_view<float>{logits.span().data(), rows, columns, columns}, contexts, scratch.view());
  for (std::size_t r = 0; r < rows; ++r) {
    const urn::batch_view<float> one{logits.span().data() + r * columns, 1, columns, columns};
    for (const unsigned slices : {1U, 3U, 16U}) {
      const auto alone = device::draws(chain, one, std::span(contexts).subspan(r, 1), scratch.view(), slices);
      EXPECT_TRUE(device::same(alone[0], together[r])) << "row " << r;
    }
  }
}

/// A leader takes what other teams say of their slices: of rows from one block to hundreds, by teams of one
/// block and of many, for notes on chip and in memory, with a NaN in any slice. All draws use one workspace,
/// where nothing may be left of the last row, whatever its size.
TEST(cuda, teams_tell_their_leader_of_any_slice) {
  for (const std::size_t largest : {262'144, 300'000}) {
    const device::workspace scratch(3, largest);
    for (const std::size_t columns : {std::size_t{300'000}, std::size_t{1}, std::size_t{1'024},
                                      std::size_t{33'001}, std::size_t{5'000}, std::size_t{128'256}}) {
      if (columns > largest) continue;
      device::array<float> there(3 * columns);
      fill<<<3, 256>>>(there.span().data(), columns, columns, 7);
      std::vector<float> logits = there.values();
      logits[columns - 1] = urn::exact::quiet_nan;
      logits[columns + columns / 2] = urn::exact::quiet_nan;
      logits[2 * columns] = urn::exact::quiet_nan;
      const device::array<float> spoiled{std::span<const float>(logits)};
      const urn::batch_view<float> batch{spoiled.span().data(), 3, columns, columns};
      const auto contexts = contexts_of(7, 3);
      const auto of_chain = on_host(chain, logits, columns, columns, contexts);
      const auto of_plain = on_host(plain, logits, columns, columns, contexts);
      const auto of_best = on_host(best, logits, columns, columns, contexts);
      for (const unsigned slices : {0U, 1U, 2U, 7U, 16U, 1'000U}) {
        const auto chained = device::draws(chain, batch, contexts, scratch.view(), slices);
        const auto drawn = device::draws(plain, batch, contexts, scratch.view(), slices);
        const auto found = device::draws(best, batch, contexts, scratch.view(), slices);
        for (std::size_t r = 0; r < 3; ++r) {
          EXPECT_TRUE(device::same(chained[r], of_chain[r])) << columns << " by " << slices << ", row " << r;
          EXPECT_TRUE(device::same(drawn[r], of_plain[r])) << columns << " by " << slices << ", row " << r;
          EXPECT_TRUE(device::same(found[r], of_best[r])) << columns << " by " << slices << ", row " << r;
        }
      }
    }
  }
}

/// A row of up to twice as many blocks as an H100 has multiprocessors is read by a team a block, which picks
/// its token: also where all of a block is masked, and where the best stands in several.
TEST(cuda, teams_of_a_block_pick_its_token) {
  const device::workspace scratch(1, 262'144);
  for (const std::size_t columns : {1'025, 2'050, 70'000, 128'256, 151'936, 262'144}) {
    device::array<float> there(columns);
    for (std::size_t first = 0; first < 40; ++first) {
      fill<<<1, 256>>>(there.span().data(), columns, columns, first);
      std::vector<float> logits = there.values();
      const std::size_t masked = first * 1'024 % columns;
      for (std::size_t i = masked; i < std::min(columns, masked + 1'024); ++i)
        logits[i] = urn::exact::minus_infinity;
      if (first % 2 == 0) logits[columns - 1] = logits[columns / 3] = 40.0F;
      const device::array<float> row{std::span<const float>(logits)};
      const urn::batch_view<float> batch{row.span().data(), 1, columns, columns};
      const auto contexts = contexts_of(first, 1);
      for (const unsigned slices : {0U, 1'000U}) {
        const auto drawn = device::draws(plain, batch, contexts, scratch.view(), slices);
        const auto found = device::draws(best, batch, contexts, scratch.view(), slices);
        EXPECT_TRUE(device::same(drawn[0], on_host(plain, logits, columns, columns, contexts)[0])) << columns;
        EXPECT_TRUE(device::same(found[0], on_host(best, logits, columns, columns, contexts)[0])) << columns;
      }
    }
  }
}

/// Where there are more rows than teams at a time (264 on an H100), the first rows have two teams each: also
/// with a NaN in the part of the second one.
TEST(cuda, pairs_of_teams_draw_the_first_of_many_rows) {
  constexpr std::size_t most = 600;
  for (const std::size_t columns : {8'193, 20'000, 33'001}) {
    device::array<float> there(most * columns);
    fill<<<most, 256>>>(there.span().data(), columns, columns, 3);
    std::vector<float> logits = there.values();
    for (std::size_t r = 0; r < most; r += 3) logits[(r + 1) * columns - 1] = urn::exact::quiet_nan;
    const device::array<float> spoiled{std::span<const float>(logits)};
    const device::workspace scratch(most, columns);
    const auto contexts = contexts_of(3, most);
    const auto equal = [&](const auto& sampler, const std::vector<draw>& host, std::size_t rows) {
      const urn::batch_view<float> batch{spoiled.span().data(), rows, columns, columns};
      const auto drawn = device::draws(sampler, batch, std::span(contexts).first(rows), scratch.view());
      for (std::size_t r = 0; r < rows; ++r) {
        ASSERT_TRUE(device::same(drawn[r], host[r])) << columns << ": row " << r << " of " << rows;
      }
    };
    const auto of_chain = on_host(chain, logits, columns, columns, contexts);
    const auto of_plain = on_host(plain, logits, columns, columns, contexts);
    const auto of_best = on_host(best, logits, columns, columns, contexts);
    const auto of_nucleus = on_host(nucleus, logits, columns, columns, contexts);
    for (const std::size_t rows : {263, 264, 265, 300, 529, 600}) {
      equal(chain, of_chain, rows);
      equal(plain, of_plain, rows);
      equal(best, of_best, rows);
      equal(nucleus, of_nucleus, rows);
    }
  }
}

TEST(cuda, draws_one_token_from_64_copies_with_one_seed) {
  constexpr std::size_t columns = 32'000, rows = 64;
  const device::array<float> logits(columns);
  const device::workspace scratch(rows, columns);
  fill<<<1, 256>>>(logits.span().data(), columns, columns, 5);
  const std::vector<draw_context> contexts(rows, draw_context{.seed = 9, .step = 4});
  const auto got = device::draws(plain, urn::batch_view<float>{logits.span().data(), rows, columns, 0},
                                 contexts, scratch.view());
  for (const draw& d : got) EXPECT_TRUE(device::same(d, got[0]));
}

TEST(cuda, bad_rows_do_not_disturb_their_neighbours) {
  constexpr std::size_t columns = 5'000, rows = 12;
  std::vector<float> logits;
  const device::array<float> good(rows * columns);
  fill<<<rows, 256>>>(good.span().data(), columns, columns, 5);
  logits = good.values();
  const auto row = [&](std::size_t r) { return std::span(logits).subspan(r * columns, columns); };
  std::ranges::fill(row(1), urn::exact::quiet_nan);
  std::ranges::fill(row(4), urn::exact::minus_infinity);
  row(7)[4'000] = urn::exact::infinity;
  std::ranges::fill(row(9), 3e38F);
  const device::array<float> spoiled{std::span<const float>(logits)};
  const device::workspace scratch(rows, columns);
  const auto contexts = contexts_of(5, rows);
  const auto got = device::draws(chain, urn::batch_view<float>{spoiled.span().data(), rows, columns, columns},
                                 contexts, scratch.view());
  const auto expected = on_host(chain, logits, columns, columns, contexts);
  for (std::size_t r = 0; r < rows; ++r) EXPECT_TRUE(device::same(got[r], expected[r])) << "row " << r;
  EXPECT_TRUE(has(got[1].status, urn::status::empty));
  EXPECT_EQ(got[7].token, 4'000);
}

TEST(cuda, each_row_may_have_a_sampler_of_its_own) {
  constexpr std::size_t columns = 10'000, rows = 16;
  const device::array<float> logits(rows * columns);
  fill<<<rows, 256>>>(logits.span().data(), columns, columns, 5);
  using sampler = decltype(urn::temperature{} | urn::top_k{} | urn::categorical{});
  std::vector<sampler> samplers;
  for (int r = 0; r < static_cast<int>(rows); ++r) {
    samplers.push_back(urn::temperature{0.1F * static_cast<float>(r)} | urn::top_k{3 * r} |
                       urn::categorical{});
  }
  const auto contexts = contexts_of(5, rows);
  const device::array<sampler> there{std::span<const sampler>(samplers)};
  const device::array<draw_context> asked{std::span<const draw_context>(contexts)};
  const device::array<draw> out(rows);
  const device::workspace scratch(rows, columns);
  const urn::batch_view<float> batch{logits.span().data(), rows, columns, columns};
  ASSERT_EQ(urn::draw_rows(urn::cuda{nullptr}, std::span<const sampler>(there.span()), batch, asked.span(),
                           out.span(), scratch.view()),
            urn::status::ok);
  const auto host_logits = logits.values();
  const auto got = out.values();
  urn::workspace host_scratch{columns};
  for (std::size_t r = 0; r < rows; ++r) {
    const urn::row_view<float> row(host_logits.data() + r * columns, columns);
    EXPECT_TRUE(device::same(got[r], samplers[r](urn::scalar, row, contexts[r], host_scratch)))
        << "row " << r;
  }
}

TEST(cuda, a_graph_may_hold_a_draw) {
  constexpr std::size_t columns = 20'000, rows = 8;
  const device::array<float> logits(rows * columns);
  fill<<<rows, 256>>>(logits.span().data(), columns, columns, 5);
  const auto contexts = contexts_of(5, rows);
  const device::workspace scratch(rows, columns);
  const urn::batch_view<float> batch{logits.span().data(), rows, columns, columns};
  const auto expected = device::draws(chain, batch, contexts, scratch.view());
  const device::array<draw_context> asked{std::span<const draw_context>(contexts)};
  const device::array<draw> out(rows);
  cudaStream_t stream = nullptr;
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t program = nullptr;
  device::check(cudaStreamCreate(&stream));
  device::check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  EXPECT_EQ(chain(urn::cuda{stream}, batch, asked.span(), out.span(), scratch.view()), urn::status::ok);
  device::check(cudaStreamEndCapture(stream, &graph));
  device::check(cudaGraphInstantiate(&program, graph, 0));
  for (int i = 0; i < 3; ++i) device::check(cudaGraphLaunch(program, stream));
  device::check(cudaStreamSynchronize(stream));
  const auto got = out.values();
  for (std::size_t r = 0; r < rows; ++r) EXPECT_TRUE(device::same(got[r], expected[r]));
}

__global__ void divide(const float* a, const float* b, float* quotients, std::size_t size) {
  const std::size_t i = blockIdx.x * std::size_t{blockDim.x} + threadIdx.x;
  if (i < size) quotients[i] = urn::exact::div(a[i], b[i]);
}

TEST(cuda, divides_as_the_host) {
  constexpr std::size_t size = 1U << 22;
  std::vector<float> a(size), b(size);
  std::mt19937 bits(1);
  const auto any_float = [&](std::size_t i) {
    const std::uint32_t x = bits();
    if (i % 64 == 0) return urn::exact::float_of(x & 0xFF800000U);  // 0, powers of 2, infinity
    return urn::exact::float_of(i % 8 == 1 ? x & 0x807FFFFFU : x);  // subnormal
  };
  for (std::size_t i = 0; i < size; ++i) a[i] = any_float(i), b[i] = any_float(i / 7);
  const device::array<float> on_a{std::span<const float>(a)}, on_b{std::span<const float>(b)}, on_q(size);
  divide<<<size / 256, 256>>>(on_a.span().data(), on_b.span().data(), on_q.span().data(), size);
  const std::vector<float> q = on_q.values();
  std::size_t different = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const float expected = urn::exact::div(a[i], b[i]);
    const bool same = urn::exact::is_nan(expected) ? urn::exact::is_nan(q[i])
                                                   : urn::exact::bits(expected) == urn::exact::bits(q[i]);
    different += same ? 0 : 1;
  }
  EXPECT_EQ(different, 0U);
}

TEST(cuda, refuses_what_does_not_fit) {
  constexpr std::size_t columns = 1'000, rows = 4;
  const device::array<float> logits(rows * columns);
  const device::workspace scratch(rows, columns);
  const device::array<draw_context> asked(rows);
  const device::array<draw> out(rows);
  const urn::cuda gpu{nullptr};
  const urn::batch_view<float> batch{logits.span().data(), rows, columns, columns};
  EXPECT_EQ(plain(gpu, batch, asked.span().first(3), out.span(), scratch.view()), urn::status::bad_argument);
  EXPECT_EQ(plain(gpu, batch, asked.span(), out.span().first(3), scratch.view()), urn::status::bad_argument);
  const device::workspace narrow(rows, columns - 1), low(rows - 1, columns);
  EXPECT_EQ(plain(gpu, batch, asked.span(), out.span(), narrow.view()), urn::status::no_space);
  EXPECT_EQ(plain(gpu, batch, asked.span(), out.span(), low.view()), urn::status::no_space);
  urn::cuda_workspace greedy_for_edits(scratch.view());
  greedy_for_edits.with_edits(1U << 20);  // more shared memory than there is
  EXPECT_EQ(plain(gpu, batch, asked.span(), out.span(), greedy_for_edits), urn::status::device_error);
  cudaGetLastError();
}

}  // namespace
