#pragma once
// What requests bring besides their rows, on the device.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cuda_batches.cuh"
#include "urn/urn.hpp"

namespace bench {

/// Device memory for up to `most` elements, for as long as the program runs.
template <class T>
class device_array {
 public:
  explicit device_array(std::size_t most) : data_(allocate<T>(most)) {}

  [[nodiscard]] std::span<T> first(std::size_t count) const { return {data_, count}; }
  [[nodiscard]] std::span<T> holding(const std::vector<T>& elements) const {
    check(cudaMemcpy(data_, elements.data(), elements.size() * sizeof(T), cudaMemcpyHostToDevice));
    return first(elements.size());
  }

 private:
  T* data_;
};

/// A batch's: 64 tokens of history and room for top logprobs for each row, 100 biases and a mask of every
/// other token for all.
struct requests {
  std::span<const urn::token_bias> biases;
  std::span<const std::int32_t> allowed;
  std::span<const urn::draw_context> contexts;
  std::span<urn::draw> draws;
};

namespace detail {

inline constexpr std::size_t history = 64;
inline constexpr std::size_t biases = 100;
inline constexpr std::size_t most_tops = 5;

struct request_memory {
  device_array<urn::token_bias> biases{detail::biases};
  device_array<std::int32_t> allowed{largest_vocabulary / 32};
  device_array<urn::token_id> past{history * most_rows};
  device_array<urn::token_logprob> tops{most_tops * most_rows};
  device_array<urn::draw_context> contexts{most_rows};
  device_array<urn::draw> draws{most_rows};
};

template <class Make>
auto many(std::size_t count, Make make) {
  std::vector<decltype(make())> made(count);
  std::generate(made.begin(), made.end(), make);
  return made;
}

inline std::vector<urn::draw_context> contexts(std::size_t rows, std::span<const urn::token_id> past,
                                               std::span<urn::token_logprob> top, std::size_t tops) {
  std::vector<urn::draw_context> made(rows);
  for (std::size_t r = 0; r < rows; ++r) {
    made[r] = {.history = {{}, past.subspan(r * history, history)}, .seed = 1, .sequence = r};
    made[r].top_logprobs = top.subspan(r * tops, tops);
  }
  return made;
}

}  // namespace detail

/// `tops` <= 5 top logprobs a row. One memory for all: the next call overwrites what this one gave.
inline requests requests_for(std::size_t rows, std::size_t vocabulary, std::size_t tops) {
  static const detail::request_memory memory;
  std::uint32_t x = 12345;
  const auto bits = [&] { return x = x * 1664525U + 1013904223U; };
  const auto id = [&] { return static_cast<urn::token_id>((std::uint64_t{bits()} * vocabulary) >> 32); };
  const auto bias = [&] { return urn::token_bias{id(), 0.5F}; };
  const auto word = [&] { return static_cast<std::int32_t>(bits() ^ (bits() >> 16)); };
  const auto past = memory.past.holding(detail::many(detail::history * rows, id));
  const auto contexts = detail::contexts(rows, past, memory.tops.first(tops * rows), tops);
  return {.biases = memory.biases.holding(detail::many(detail::biases, bias)),
          .allowed = memory.allowed.holding(detail::many((vocabulary + 31) / 32, word)),
          .contexts = memory.contexts.holding(contexts),
          .draws = memory.draws.first(rows)};
}

}  // namespace bench
