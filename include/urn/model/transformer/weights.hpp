#pragma once
/// \file
/// The weights of a Llama, Mistral, Qwen2 or Qwen3 model, read from a checkpoint after all of it was checked.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "urn/core/error.hpp"
#include "urn/model/checkpoint.hpp"
#include "urn/model/model_shape.hpp"
#include "urn/model/transformer/linear.hpp"
#include "urn/model/transformer/rms_norm.hpp"

namespace urn::nn {

/// One decoder layer. Matrices that read the same input are one.
struct layer_weights {
  rms_norm input_norm;
  linear qkv;  ///< all query heads, then all key heads, then all value heads
  std::optional<rms_norm> query_norm;
  std::optional<rms_norm> key_norm;
  linear output;
  rms_norm mlp_norm;
  linear gate_up;  ///< the gates, then what they gate
  linear down;
};

/// A whole model, in float.
struct model_weights {
  linear embedding;  ///< hidden_size -> vocab_size: its rows are the embeddings, and the head's when that is
                     ///< tied
  std::vector<layer_weights> layers;
  rms_norm norm;
  std::optional<linear> lm_head;

  const linear& head() const { return lm_head ? *lm_head : embedding; }
};

/// A tensor that a model needs: its name, its shape, and what to do with its elements.
struct tensor_slot {
  std::string name;
  std::vector<std::int64_t> shape;
  std::function<void(std::span<const float>)> fill;
};

/// Says where every tensor goes that `config` asks for.
class weight_plan {
 public:
  /// The slots point into `weights`, which is made empty and of the right shape.
  weight_plan(const model_config& config, model_weights& weights) : config_(config) {
    const index hidden = config.hidden_size;
    weights.embedding = linear(hidden, config.vocab_size);
    add_rows("model.embed_tokens", weights.embedding, 0, config.vocab_size, false);
    weights.layers.resize(static_cast<std::size_t>(config.num_hidden_layers));
    for (std::size_t i = 0; i < weights.layers.size(); ++i) {
      const std::string prefix = "model.layers." + std::to_string(i) + ".";
      add_attention(prefix, weights.layers[i]);
      add_mlp(prefix, weights.layers[i]);
    }
    add_norm("model.norm", weights.norm, hidden);
    if (config.tie_word_embeddings) return;
    add_rows("lm_head", weights.lm_head.emplace(hidden, config.vocab_size), 0, config.vocab_size, false);
  }

  const std::vector<tensor_slot>& slots() const { return slots_; }

 private:
  void add_attention(const std::string& prefix, layer_weights& layer) {
    const index hidden = config_.hidden_size;
    const index queries = index{config_.num_attention_heads} * config_.head_dim;
    const index keys = index{config_.num_key_value_heads} * config_.head_dim;
    add_norm(prefix + "input_layernorm", layer.input_norm, hidden);
    layer.qkv = linear(hidden, queries + 2 * keys);
    add_rows(prefix + "self_attn.q_proj", layer.qkv, 0, queries, config_.attention_bias);
    add_rows(prefix + "self_attn.k_proj", layer.qkv, queries, keys, config_.attention_bias);
    add_rows(prefix + "self_attn.v_proj", layer.qkv, queries + keys, keys, config_.attention_bias);
    if (config_.qk_norm) {
      add_norm(prefix + "self_attn.q_norm", layer.query_norm.emplace(), config_.head_dim);
      add_norm(prefix + "self_attn.k_norm", layer.key_norm.emplace(), config_.head_dim);
    }
    layer.output = linear(queries, hidden);
    add_rows(prefix + "self_attn.o_proj", layer.output, 0, hidden, config_.attention_output_bias);
  }

  void add_mlp(const std::string& prefix, layer_weights& layer) {
    const index hidden = config_.hidden_size;
    const index inner = config_.intermediate_size;
    add_norm(prefix + "post_attention_layernorm", layer.mlp_norm, hidden);
    layer.gate_up = linear(hidden, 2 * inner);
    add_rows(prefix + "mlp.gate_proj", layer.gate_up, 0, inner, config_.mlp_bias);
    add_rows(prefix + "mlp.up_proj", layer.gate_up, inner, inner, config_.mlp_bias);
    layer.down = linear(inner, hidden);
    add_rows(prefix + "mlp.down_proj", layer.down, 0, hidden, config_.mlp_bias);
  }

  void add_norm(const std::string& name, rms_norm& norm, index width) {
    norm.epsilon = config_.rms_norm_eps;
    slots_.push_back({name + ".weight", {width}, [&norm](std::span<const float> values) {
                        norm.weight.assign(values.begin(), values.end());
                      }});
  }

  void add_rows(const std::string& name, linear& layer, index first, index count, bool has_bias) {
    slots_.push_back({name + ".weight",
                      {count, layer.inputs()},
                      [&layer, first](std::span<const float> values) { layer.set_rows(first, values); }});
    if (!has_bias) return;
    slots_.push_back({name + ".bias", {count}, [&layer, first](std::span<const float> values) {
                        layer.set_bias(first, values);
                      }});
  }

  const model_config& config_;
  std::vector<tensor_slot> slots_;
};

inline std::string to_text(std::span<const std::int64_t> shape) {
  std::string text;
  for (const std::int64_t extent : shape) text += (text.empty() ? "" : ", ") + std::to_string(extent);
  return "[" + text + "]";
}

/// Tensors that say nothing new: the rotary frequencies, which follow from the config, and a tied head's
/// copy.
inline bool is_redundant(std::string_view name, const model_config& config) {
  return name.ends_with(".rotary_emb.inv_freq") || (config.tie_word_embeddings && name == "lm_head.weight");
}

/// Throws urn::error, naming the tensor, unless the checkpoint has every slot's tensor in its shape and
/// nothing else but redundant ones. What a model would ignore is refused because its logits would be wrong.
inline void check_tensors(std::span<const tensor_slot> slots, const checkpoint& tensors,
                          const model_config& config) {
  std::map<std::string_view, const tensor_slot*> wanted;
  for (const tensor_slot& slot : slots) {
    wanted.emplace(slot.name, &slot);
    if (!tensors.contains(slot.name)) {
      throw error(slot.name, "missing from the checkpoint",
                  "the config asks for shape " + to_text(slot.shape));
    }
    const auto found = tensors.at(slot.name).shape;
    if (found != slot.shape) {
      throw error(slot.name, "has shape " + to_text(found), "the config asks for " + to_text(slot.shape));
    }
  }
  for (const std::string& name : tensors.names()) {
    if (wanted.contains(name) || is_redundant(name, config)) continue;
    throw error(name, "is not a tensor of this architecture", "give a checkpoint that fits the config");
  }
}

/// Reads a model's weights; see check_tensors for what is refused, before any of it is used.
inline model_weights read_weights(const model_config& config, const checkpoint& tensors) {
  model_weights weights;
  const weight_plan plan(config, weights);
  check_tensors(plan.slots(), tensors, config);
  std::vector<float> values;
  for (const tensor_slot& slot : plan.slots()) {
    const tensor_view tensor = tensors.at(slot.name);
    values.resize(tensor.bytes.size() / element_size(tensor.type));
    to_float(tensor, values);
    slot.fill(values);
  }
  return weights;
}

}  // namespace urn::nn
