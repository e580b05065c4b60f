#pragma once
/// \file
/// One decoder layer over the new tokens of all sequences: attention, then the gated feed-forward network.

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "urn/model/model_shape.hpp"
#include "urn/model/transformer/attention.hpp"
#include "urn/model/transformer/kv_cache.hpp"
#include "urn/model/transformer/linear.hpp"
#include "urn/model/transformer/rope.hpp"
#include "urn/model/transformer/weights.hpp"

namespace urn::nn {

/// Where a row of activations belongs.
struct token_place {
  kv_cache* cache;  ///< with `position` prepared and everything before it stored
  std::size_t position;
  rotation turn;  ///< of that position
};

/// What the layers work on, made once for a forward call: a row for each new token.
struct activations {
  activations(const model_config& config, index rows)
      : hidden(rows, config.hidden_size),
        normed(rows, config.hidden_size),
        qkv(rows, index{config.num_attention_heads + 2 * config.num_key_value_heads} * config.head_dim),
        attended(rows, index{config.num_attention_heads} * config.head_dim),
        gate_up(rows, 2 * index{config.intermediate_size}),
        gated(rows, config.intermediate_size),
        change(rows, config.hidden_size) {}

  matrix hidden;  ///< the residual stream
  matrix normed;
  matrix qkv;
  matrix attended;
  matrix gate_up;
  matrix gated;
  matrix change;  ///< what a block adds to the residual stream
  std::vector<float> scores;
};

/// Head `i` of a row that is made of heads.
inline std::span<float> head_of(matrix& rows, index row, int head_dim, index i) {
  return {rows.row(row).data() + i * head_dim, static_cast<std::size_t>(head_dim)};
}

/// The first position that a query at `position` sees: with a window, only that many with itself.
inline std::size_t first_visible(const model_config& config, std::size_t layer, std::size_t position) {
  if (!config.sliding_window || !config.sliding[layer]) return 0;
  const auto window = static_cast<std::size_t>(*config.sliding_window);
  return position < window ? 0 : position + 1 - window;
}

/// Norms and turns the row's queries and keys, and stores its keys and values.
inline void enter_row(const layer_weights& weights, const model_config& config, std::size_t layer,
                      const token_place& place, activations& a, index row) {
  const index queries = config.num_attention_heads;
  const index keys = config.num_key_value_heads;
  for (index h = 0; h < queries + keys; ++h) {
    const auto head = head_of(a.qkv, row, config.head_dim, h);
    const auto& norm = h < queries ? weights.query_norm : weights.key_norm;
    if (norm) norm->apply(head, head);
    place.turn.apply(head);
  }
  for (index h = 0; h < keys; ++h) {
    store(*place.cache, layer, static_cast<std::size_t>(h), place.position,
          head_of(a.qkv, row, config.head_dim, queries + h),
          head_of(a.qkv, row, config.head_dim, queries + keys + h));
  }
}

/// Lets every query head of the row attend; neighbouring query heads share a key and value head.
inline void attend_row(const model_config& config, std::size_t layer, const token_place& place,
                       activations& a, index row) {
  const index group = config.num_attention_heads / config.num_key_value_heads;
  const std::size_t first = first_visible(config, layer, place.position);
  for (index h = 0; h < config.num_attention_heads; ++h) {
    const visible_past past{*place.cache, layer, static_cast<std::size_t>(h / group), first, place.position};
    attend(head_of(a.qkv, row, config.head_dim, h), past, a.scores,
           head_of(a.attended, row, config.head_dim, h));
  }
}

/// hidden += output(attention(norm(hidden))). Rows of one sequence are in the order of their positions.
inline void attention_block(const layer_weights& weights, const model_config& config, std::size_t layer,
                            std::span<const token_place> places, activations& a) {
  weights.input_norm.apply(a.hidden, a.normed);
  weights.qkv.apply(a.normed, a.qkv);
  for (std::size_t row = 0; row < places.size(); ++row) {
    enter_row(weights, config, layer, places[row], a, static_cast<index>(row));
    attend_row(config, layer, places[row], a, static_cast<index>(row));
  }
  weights.output.apply(a.attended, a.change);
  a.hidden += a.change;
}

/// x * sigmoid(x).
inline float silu(float x) { return x / (1 + std::exp(-x)); }

/// hidden += down(silu(gate(y)) * up(y)) with y = norm(hidden): SwiGLU (Shazeer, 2020, arXiv:2002.05202).
inline void mlp_block(const layer_weights& weights, activations& a) {
  weights.mlp_norm.apply(a.hidden, a.normed);
  weights.gate_up.apply(a.normed, a.gate_up);
  const index inner = a.gated.cols();
  for (index row = 0; row < a.gated.rows(); ++row) {
    for (index i = 0; i < inner; ++i) a.gated(row, i) = silu(a.gate_up(row, i)) * a.gate_up(row, inner + i);
  }
  weights.down.apply(a.gated, a.change);
  a.hidden += a.change;
}

}  // namespace urn::nn
