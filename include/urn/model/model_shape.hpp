#pragma once
/// \file
/// What a decoder-only transformer of the Llama family is made of.

#include <optional>
#include <vector>

#include "urn/core/token.hpp"

namespace urn {

/// How the rotary frequencies inv_freq[i] = theta^(-2i/head_dim) are stretched to longer contexts.
struct rope_scaling {
  /// The rules by which models do so.
  enum class scaling_kind {
    llama3,  ///< by wavelength: short ones kept, long ones divided by factor, a ramp between
    linear   ///< every frequency divided by factor; the fields after it are unused
  };
  float factor = 1;            ///< >= 1
  float low_freq_factor = 1;   ///< wavelengths > original/low_freq_factor are divided by factor; > 0
  float high_freq_factor = 4;  ///< wavelengths < original/high_freq_factor are kept; > low_freq_factor
  int original_max_position_embeddings = 8192;
  scaling_kind kind = scaling_kind::llama3;
};

/// A decoder-only transformer's shape, checked: what a field's comment says holds.
struct model_config {
  /// The families whose names and defaults are known.
  enum class architecture_kind { llama, mistral, qwen2, qwen3 };
  architecture_kind architecture = architecture_kind::llama;
  int vocab_size = 0;               ///< 1 to 2^24
  int hidden_size = 0;              ///< 1 to 2^20
  int intermediate_size = 0;        ///< 1 to 2^22
  int num_hidden_layers = 0;        ///< 1 to 2^12
  int num_attention_heads = 0;      ///< 1 to 2^12
  int num_key_value_heads = 0;      ///< divides num_attention_heads
  int head_dim = 0;                 ///< even, 2 to 2^14
  int max_position_embeddings = 0;  ///< 1 to 2^30
  float rms_norm_eps = 1e-6F;       ///< > 0, <= 1
  float rope_theta = 10000.0F;      ///< 1 to 1e12
  std::optional<rope_scaling> rope;
  bool tie_word_embeddings = false;    ///< lm_head is the embedding matrix
  bool attention_bias = false;         ///< q_proj, k_proj and v_proj have biases
  bool attention_output_bias = false;  ///< o_proj has a bias
  bool mlp_bias = false;               ///< gate_proj, up_proj and down_proj have biases
  bool qk_norm = false;                ///< an RMS norm over each head of q and k, before the rotation
  std::optional<int> sliding_window;   ///< sliding layers see a token itself and sliding_window - 1 before it
  std::vector<bool> sliding;           ///< which layers slide; all false where there is no sliding_window
  std::vector<token_id> eos_token_ids;  ///< ascending, distinct, < vocab_size; may be empty
  std::optional<token_id> bos_token_id;
};

}  // namespace urn
