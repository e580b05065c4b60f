#pragma once
// The conversions as a list: what every engine's must do is tested once.

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "urn/client/sampling_params.hpp"
#include "urn/convert/llama_cpp.hpp"
#include "urn/convert/openai.hpp"
#include "urn/convert/ort_genai.hpp"
#include "urn/convert/report.hpp"
#include "urn/convert/sglang.hpp"
#include "urn/convert/tensorrt_llm.hpp"
#include "urn/convert/transformers.hpp"
#include "urn/convert/vllm.hpp"

namespace urn::test {

struct engine {
  std::string name;   ///< one word
  std::string title;  ///< of its table in docs/convert.md
  std::function<conversion(const sampling_params&, on_loss)> write;
  std::function<imported_params(const nlohmann::json&, on_loss)> read;
};

/// With settings that know all there is to know, but the tokenizer.
inline std::vector<engine> engines() {
  static const llama_cpp_setting llama{.context_size = 2048};
  static const ort_genai_setting ort{.prompt_size = 10, .context_size = 2048};
  static const tensorrt_llm_setting tensorrt{.vocabulary_size = 50};
  static const transformers_setting hf{
      .vocabulary_size = 50, .context_size = 2048, .end_tokens = {48, 49}, .pad_token = 48};
  using json = nlohmann::json;
  using params = sampling_params;
  const auto openai = [](std::string name, std::string title, openai_api api) {
    return engine{std::move(name), std::move(title),
                  [api](const params& p, on_loss policy) { return to_openai(p, api, policy); },
                  [api](const json& a, on_loss policy) { return from_openai(a, api, policy); }};
  };
  return {
      {"vllm", "vLLM", [](const params& p, on_loss policy) { return to_vllm(p, policy); },
       [](const json& a, on_loss policy) { return from_vllm(a, policy); }},
      {"transformers", "transformers",
       [](const params& p, on_loss policy) { return to_transformers(p, hf, policy); },
       [](const json& a, on_loss policy) { return from_transformers(a, hf, policy); }},
      {"sglang", "SGLang", [](const params& p, on_loss policy) { return to_sglang(p, policy); },
       [](const json& a, on_loss policy) { return from_sglang(a, policy); }},
      {"tensorrt_llm", "TensorRT-LLM",
       [](const params& p, on_loss policy) { return to_tensorrt_llm(p, tensorrt, policy); },
       [](const json& a, on_loss policy) { return from_tensorrt_llm(a, policy); }},
      {"llama_cpp", "llama.cpp",
       [](const params& p, on_loss policy) { return to_llama_cpp(p, llama, policy); },
       [](const json& a, on_loss policy) { return from_llama_cpp(a, llama, policy); }},
      {"ort_genai", "ONNX Runtime GenAI",
       [](const params& p, on_loss policy) { return to_ort_genai(p, ort, policy); },
       [](const json& a, on_loss policy) { return from_ort_genai(a, ort, policy); }},
      openai("openai_completions", "OpenAI completions", openai_api::completions),
      openai("openai_chat", "OpenAI chat completions", openai_api::chat),
  };
}

/// The name of a field in losses, from its name in JSON.
inline std::string loss_name(const std::string& field) { return field == "deadline_ms" ? "deadline" : field; }

inline bool names(const std::vector<loss>& losses, const std::string& field) {
  return std::any_of(losses.begin(), losses.end(), [&](const loss& l) { return l.field == field; });
}

}  // namespace urn::test
