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

/// out[i] = scale * sum over d of query[d] * keys[d][i] for a page's first `slots` keys; Slots is 32 or
/// Eigen::Dynamic.
template <int Slots>
void score_page(std::span<const float> query, const float* keys, index slots, float* out) {
  using row = Eigen::Array<float, Slots, 1, Eigen::ColMajor, page_positions, 1>;
  row sums = row::Zero(slots);
  for (const float q : query) {
    sums += q * Eigen::Map<const row>(keys, slots);
    keys += page_positions;
  }
  const float scale = 1 / std::sqrt(static_cast<float>(query.size()));
  Eigen::Map<row>(out, slots) = scale * sums;
}

/// The scores q.k / sqrt(head_dim) of the positions from the start of first's page to last. Positions of a
/// page that are not in the past are not read: another thread may be writing there.
inline void score(std::span<const float> query, const visible_past& past, std::vector<float>& scores) {
  const std::size_t start = past.first - past.first % page_positions;
  scores.resize(past.last + 1 - start);
  for (std::size_t base = start; base <= past.last; base += page_positions) {
    const float* const keys =
        past.cache.page(base / page_positions).keys(*past.cache.shape(), past.layer, past.head);
    const auto slots = static_cast<index>(std::min(page_positions, past.last + 1 - base));
    float* const out = scores.data() + (base - start);
    if (slots == static_cast<index>(page_positions)) {
      score_page<page_positions>(query, keys, slots, out);
    } else {
      score_page<Eigen::Dynamic>(query, keys, slots, out);
    }
  }
}

/// scores -> exp(scores) / sum of exp(scores), shifted by the maximum against overflow.
inline void softmax(std::span<float> scores) {
  const float maximum = *std::ranges::max_element(scores);
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
  array_view sum(out.data(), static_cast<index>(out.size()));
  sum.setZero();
  for (std::size_t position = past.first; position <= past.last; ++position) {
    const kv_page& page = past.cache.page(position / page_positions);
    const float* const values = page.values(*past.cache.shape(), past.layer, past.head);
    const_array_view value(values + position % page_positions * out.size(), sum.size());
    sum += weights[position - past.first] * value;
  }
}

}  // namespace urn::nn
