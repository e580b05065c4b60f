// Any two texts, parted by a zero byte, are a model's shape that keeps its promises or an urn::error.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "urn/model/model_config.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const urn::model_config& config) {
  require(config.vocab_size > 0 && config.hidden_size > 0 && config.intermediate_size > 0);
  require(config.num_hidden_layers > 0 && config.max_position_embeddings > 0);
  require(config.num_key_value_heads > 0 && config.num_attention_heads % config.num_key_value_heads == 0);
  require(config.head_dim > 0 && config.head_dim % 2 == 0);
  require(config.rms_norm_eps > 0 && config.rms_norm_eps <= 1);
  require(config.rope_theta >= 1 && std::isfinite(config.rope_theta));
  require(!config.rope || config.rope->factor >= 1);
  require(!config.rope || config.rope->high_freq_factor > config.rope->low_freq_factor);
  require(config.sliding.size() == static_cast<std::size_t>(config.num_hidden_layers));
  const bool slides = std::find(config.sliding.begin(), config.sliding.end(), true) != config.sliding.end();
  require(slides == config.sliding_window.has_value());
  for (const urn::token_id id : config.eos_token_ids) require(id >= 0 && id < config.vocab_size);
  require(!config.bos_token_id || (*config.bos_token_id >= 0 && *config.bos_token_id < config.vocab_size));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t split = std::min(text.find('\0'), size);
  try {
    check(urn::parse_model_config(text.substr(0, split), text.substr(std::min(split + 1, size)), "fuzz"));
  } catch (const urn::error&) {
    return 0;
  }
  return 0;
}
