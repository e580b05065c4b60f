#pragma once
/// \file
/// The reference transformer: Llama, Mistral, Qwen2 and Qwen3 models on the CPU, in float32.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "urn/core/error.hpp"
#include "urn/core/token.hpp"
#include "urn/model/causal_lm.hpp"
#include "urn/model/checkpoint.hpp"
#include "urn/model/model_config.hpp"
#include "urn/model/transformer/kv_cache.hpp"
#include "urn/model/transformer/layer.hpp"
#include "urn/model/transformer/linear.hpp"
#include "urn/model/transformer/rope.hpp"
#include "urn/model/transformer/weights.hpp"

namespace urn {

/// A causal_lm that computes what Hugging Face's transformers does with the same directory: RMS norms, rotary
/// embeddings, grouped-query attention with or without a sliding window, SwiGLU.
///
/// The logits of a position depend on the tokens up to it and on nothing else: their bits are the same in
/// every batch, for every way to cut a prompt into calls, after fork and truncate, and in every thread.
///
/// A call uses one thread, O(new tokens * (parameters + layers * visible past * hidden_size)) operations, and
/// memory for the new tokens' activations; a sequence keeps 2 * layers * key-value heads * head_dim floats
/// for each token.
class transformer {
 public:
  using sequence = nn::kv_cache;

  /// Reads config.json and the weights of a model directory. Throws urn::error naming the file, field or
  /// tensor.
  static transformer load(const std::filesystem::path& directory) {
    return {load_model_config(directory), checkpoint::open(directory)};
  }

  /// Takes the weights out of `tensors`, which is not used afterwards. Throws urn::error for a config that
  /// contradicts itself, and for a tensor that is missing, has another shape than the config asks for, or has
  /// no place in the model.
  transformer(model_config config, const checkpoint& tensors);

  /// The shape that it was loaded with.
  const model_config& config() const { return config_; }

  std::size_t vocabulary_size() const { return static_cast<std::size_t>(config_.vocab_size); }
  std::size_t context_size() const { return static_cast<std::size_t>(config_.max_position_embeddings); }
  sequence make_sequence() const { return sequence(shape_); }
  void forward(std::span<const forward_item<sequence>> batch, logits_buffer& out) const;

 private:
  void check_owner(std::span<const forward_item<sequence>> batch) const;
  std::vector<nn::token_place> place_tokens(std::span<const forward_item<sequence>> batch) const;
  void embed(std::span<const forward_item<sequence>> batch, nn::matrix& hidden) const;
  void write_logits(std::span<const forward_item<sequence>> batch, const nn::matrix& hidden,
                    logits_buffer& out) const;

  model_config config_;
  nn::model_weights weights_;
  nn::rope rope_;
  std::shared_ptr<const nn::kv_shape> shape_;  // its address is how sequences know their model
};

namespace detail {

/// Refuses a config, perhaps made by hand, whose numbers cannot be a model's.
inline void check_config(const model_config& config) {
  const auto require = [](bool holds, const char* problem, const char* remedy) {
    if (!holds) throw error("model_config", problem, remedy);
  };
  for (const int size : {config.vocab_size, config.hidden_size, config.intermediate_size,
                         config.num_hidden_layers, config.num_attention_heads, config.num_key_value_heads,
                         config.head_dim, config.max_position_embeddings}) {
    require(size > 0, "a size is not positive", "give the sizes of config.json");
  }
  require(config.num_attention_heads % config.num_key_value_heads == 0,
          "num_key_value_heads does not divide num_attention_heads", "each must serve as many query heads");
  require(config.head_dim % 2 == 0, "head_dim is odd", "rotary embeddings turn pairs of dimensions");
  if (!config.sliding_window) return;
  require(*config.sliding_window > 0, "sliding_window is not positive", "a token sees at least itself");
  require(std::cmp_equal(config.sliding.size(), config.num_hidden_layers),
          "sliding has not one entry for each layer", "say of every layer whether it slides");
}

}  // namespace detail

inline transformer::transformer(model_config config, const checkpoint& tensors)
    : config_((detail::check_config(config), std::move(config))),
      weights_(nn::read_weights(config_, tensors)),
      rope_(config_),
      shape_(std::make_shared<const nn::kv_shape>(
          nn::kv_shape{.layers = static_cast<std::size_t>(config_.num_hidden_layers),
                       .heads = static_cast<std::size_t>(config_.num_key_value_heads),
                       .head_dim = static_cast<std::size_t>(config_.head_dim)})) {}

/// Everything that can fail comes before the first commit, so a call happens as a whole or not at all.
inline void transformer::forward(std::span<const forward_item<sequence>> batch, logits_buffer& out) const {
  check_batch(*this, batch);
  check_owner(batch);
  const std::vector<nn::token_place> places = place_tokens(batch);
  nn::activations activations(config_, static_cast<nn::index>(places.size()));
  embed(batch, activations.hidden);
  for (std::size_t layer = 0; layer < weights_.layers.size(); ++layer) {
    nn::attention_block(weights_.layers[layer], config_, layer, places, activations);
    nn::mlp_block(weights_.layers[layer], activations);
  }
  write_logits(batch, activations.hidden, out);
  for (const auto& item : batch) item.sequence->commit(item.tokens.size());
}

inline void transformer::check_owner(std::span<const forward_item<sequence>> batch) const {
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (batch[i].sequence->shape() == shape_.get()) continue;
    detail::refuse_item(i, "a sequence of another model", "use one made by this model");
  }
}

inline std::vector<nn::token_place> transformer::place_tokens(
    std::span<const forward_item<sequence>> batch) const {
  std::vector<nn::token_place> places;
  for (const auto& item : batch) {
    item.sequence->prepare(item.tokens.size());
    for (std::size_t i = 0; i < item.tokens.size(); ++i) {
      const std::size_t position = item.sequence->size() + i;
      places.push_back({item.sequence, position, rope_.at(position)});
    }
  }
  return places;
}

inline void transformer::embed(std::span<const forward_item<sequence>> batch, nn::matrix& hidden) const {
  nn::index row = 0;
  for (const auto& item : batch) {
    for (const token_id token : item.tokens) {
      weights_.embedding.copy_row(token, {hidden.row(row++).data(), static_cast<std::size_t>(hidden.cols())});
    }
  }
}

/// Only the rows that are wanted see the last norm and the head.
inline void transformer::write_logits(std::span<const forward_item<sequence>> batch, const nn::matrix& hidden,
                                      logits_buffer& out) const {
  out.resize(rows_wanted(batch), vocabulary_size());
  nn::matrix wanted(static_cast<nn::index>(out.rows()), hidden.cols());
  nn::index end = 0;  // of the item's rows in hidden
  nn::index row = 0;
  for (const auto& item : batch) {
    const auto count = static_cast<nn::index>(item.rows());
    end += static_cast<nn::index>(item.tokens.size());
    wanted.middleRows(row, count) = hidden.middleRows(end - count, count);
    row += count;
  }
  weights_.norm.apply(wanted, wanted);
  weights_.head().apply(wanted, nn::matrix_view(out.values().data(), wanted.rows(), config_.vocab_size));
}

}  // namespace urn
