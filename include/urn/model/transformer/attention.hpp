#pragma once
/// \file
/// Causal attention of one query over the pages of a key-value cache.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "urn/model/transformer/kv_cache.hpp"
#include "urn/model/transformer/linear.hpp"

namespace urn::nn {

/// One head of one layer in a cache, as far as a query sees it: positions first .. last, ends included.
struct visible_past {
  const kv_cache& cache;
  std::size_t layer;
  std::size_t head;  ///< of keys and values
  std::size_t first;
  std::size_t last;
};

/// Stores the key and value of `position`, which is prepared, in the cache; each holds head_dim floats.
inline void store(kv_cache& cache, std::size_t layer, std::size_t head, std::size_t position,
                  std::span<const float> key, std::span<const float> value) {
  kv_page& page = cache.page(position / page_positions);
  const std::size_t slot = position % page_positions;
  float* const keys = page.keys(*cache.shape(), layer, head);
  for (std::size_t d = 0; d < key.size(); ++d) keys[d * page_positions + slot] = key[d];
  std::ranges::copy(value, page.values(*cache.shape(), layer, head) + slot * value.size());
}

/// sums[j] += weights[0] * rows[j] + weights[1] * rows[stride + j] + ..., each sum in that order. Goes over
/// the sums in blocks of `Width`, which stay in registers, then in blocks of half of it.
template <std::size_t Width = 32>
void add_weighted(std::span<const float> weights, const float* rows, std::size_t stride,
                  std::span<float> sums) {
  using block = Eigen::Array<float, Width, 1>;
  for (; sums.size() >= Width; sums = sums.subspan(Width), rows += Width) {
    block sum = Eigen::Map<const block>(sums.data());
    for (std::size_t i = 0; i < weights.size(); ++i) {
      sum += weights[i] * Eigen::Map<const block>(rows + i * stride);
    }
    Eigen::Map<block>(sums.data()) = sum;
  }
  if constexpr (Width > 1) add_weighted<Width / 2>(weights, rows, stride, sums);
}

/// The scores q.k / sqrt(head_dim) of the positions from the start of first's page to last. Positions of a
/// page that are not in the past are not read: another thread may be writing there.
inline void score(std::span<const float> query, const visible_past& past, std::vector<float>& scores) {
  const std::size_t start = past.first - past.first % page_positions;
  scores.assign(past.last + 1 - start, 0);
  for (std::size_t base = start; base <= past.last; base += page_positions) {
    const kv_page& page = past.cache.page(base / page_positions);
    const std::size_t slots = std::min(page_positions, past.last + 1 - base);
    add_weighted(query, page.keys(*past.cache.shape(), past.layer, past.head), page_positions,
                 std::span(scores).subspan(base - start, slots));
  }
  const float scale = 1 / std::sqrt(static_cast<float>(query.size()));
  for (float& s : scores) s *= scale;
}

/// scores -> exp(scores) / sum of exp(scores), shifted by the maximum against overflow.
inline void softmax(std::span<float> scores) {
  const float maximum = const_array_view(scores.data(), static_cast<index>(scores.size())).maxCoeff();
  double sum = 0;
  for (float& s : scores) {
    s = std::exp(s - maximum);
    sum += static_cast<double>(s);
  }
  for (float& s : scores) s *= static_cast<float>(1 / sum);
}

/// The attention of one query head: softmax of its scores over the past, then the mean of the values under
/// it. All sums run in the order of dimensions or positions, so the result depends on nothing but the query
/// and its past. `scores` is scratch. O(head_dim) for each position.
inline void attend(std::span<const float> query, const visible_past& past, std::vector<float>& scores,
                   std::span<float> out) {
  score(query, past, scores);
  const std::span weights = std::span(scores).subspan(past.first % page_positions);
  softmax(weights);
  std::ranges::fill(out, 0.0F);
  for (std::size_t position = past.first, end = 0; position <= past.last; position = end) {
    const kv_page& page = past.cache.page(position / page_positions);
    const std::size_t slot = position % page_positions;
    end = std::min(position - slot + page_positions, past.last + 1);
    add_weighted(weights.subspan(position - past.first, end - position),
                 page.values(*past.cache.shape(), past.layer, past.head) + slot * out.size(), out.size(),
                 out);
  }
}

}  // namespace urn::nn
