#include "urn/model/model_config.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/expect_error.hpp"
#include "support/safetensors_writer.hpp"

namespace {

using urn::model_config;
using urn::parse_model_config;
using urn::token_id;
using urn::test::expect_error;
using urn::test::expect_error_with;
using urn::test::temporary_directory;
using kind = model_config::architecture_kind;

/// A small config of that class and model type, with `fields` after the sizes.
std::string config(const std::string& class_name, const std::string& model_type,
                   const std::string& fields = "") {
  return R"({"architectures":[")" + class_name + R"("],"model_type":")" + model_type +
         R"(","vocab_size":1000,"hidden_size":256,"intermediate_size":512,"num_hidden_layers":4)" +
         (fields.empty() ? "" : ",") + fields + "}";
}
std::string llama(const std::string& fields = "") {
  return config("LlamaForCausalLM", "llama",
                R"("num_attention_heads":8)" + (fields.empty() ? "" : "," + fields));
}
std::string mistral(const std::string& fields = "") {
  return config("MistralForCausalLM", "mistral",
                R"("num_attention_heads":8)" + (fields.empty() ? "" : "," + fields));
}
std::string qwen2(const std::string& fields = "") {
  return config("Qwen2ForCausalLM", "qwen2",
                R"("num_attention_heads":32)" + (fields.empty() ? "" : "," + fields));
}
std::string qwen3(const std::string& fields = "") {
  return config("Qwen3ForCausalLM", "qwen3",
                R"("num_attention_heads":32)" + (fields.empty() ? "" : "," + fields));
}

model_config parse(std::string_view text, std::string_view generation = "") {
  return parse_model_config(text, generation, "m");
}

void expect_refused(const std::string& text, const std::string& message, std::string_view generation = "") {
  expect_error([&] { parse(text, generation); }, message);
}

// The shape of config.json as transformers 4 writes it for Llama 3.1.
constexpr auto llama_3_1 = R"({
  "architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
  "bos_token_id": 128000, "eos_token_id": [128001, 128008, 128009], "hidden_act": "silu", "hidden_size": 4096,
  "initializer_range": 0.02, "intermediate_size": 14336, "max_position_embeddings": 131072, "mlp_bias": false,
  "model_type": "llama", "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8,
  "pretraining_tp": 1, "rms_norm_eps": 1e-05,
  "rope_scaling": {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                   "original_max_position_embeddings": 8192, "rope_type": "llama3"},
  "rope_theta": 500000.0, "tie_word_embeddings": false, "torch_dtype": "bfloat16",
  "transformers_version": "4.42.3", "use_cache": true, "vocab_size": 128256})";

TEST(model_config, reads_llama) {
  const auto read = parse(llama_3_1, R"({"eos_token_id": [128009, 128001], "temperature": 0.6})");
  EXPECT_EQ(read.architecture, kind::llama);
  EXPECT_EQ(read.vocab_size, 128256);
  EXPECT_EQ(read.hidden_size, 4096);
  EXPECT_EQ(read.intermediate_size, 14336);
  EXPECT_EQ(read.num_hidden_layers, 32);
  EXPECT_EQ(read.num_attention_heads, 32);
  EXPECT_EQ(read.num_key_value_heads, 8);
  EXPECT_EQ(read.head_dim, 128);
  EXPECT_EQ(read.max_position_embeddings, 131072);
  EXPECT_EQ(read.rms_norm_eps, 1e-5F);
  EXPECT_EQ(read.rope_theta, 500000.0F);
  ASSERT_TRUE(read.rope.has_value());
  EXPECT_EQ(read.rope->kind, urn::rope_scaling::scaling_kind::llama3);
  EXPECT_EQ(read.rope->factor, 8.0F);
  EXPECT_EQ(read.rope->low_freq_factor, 1.0F);
  EXPECT_EQ(read.rope->high_freq_factor, 4.0F);
  EXPECT_EQ(read.rope->original_max_position_embeddings, 8192);
  EXPECT_FALSE(read.tie_word_embeddings || read.attention_bias || read.attention_output_bias ||
               read.mlp_bias);
  EXPECT_FALSE(read.qk_norm);
  EXPECT_FALSE(read.sliding_window.has_value());
  EXPECT_EQ(read.sliding, std::vector<bool>(32, false));
  EXPECT_EQ(read.eos_token_ids, (std::vector<token_id>{128001, 128009}));
  EXPECT_EQ(read.bos_token_id, 128000);
}

TEST(model_config, reads_the_files_of_transformers_5) {
  const auto read = parse(llama(R"("dtype":"float32","transformers_version":"5.0.0","head_dim":32,
      "num_key_value_heads":2,"rope_parameters":{"rope_theta":500000.0,"rope_type":"llama3","factor":32.0,
      "low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192})"));
  EXPECT_EQ(read.rope_theta, 500000.0F);
  ASSERT_TRUE(read.rope.has_value());
  EXPECT_EQ(read.rope->factor, 32.0F);
  EXPECT_EQ(read.num_key_value_heads, 2);
  const auto plain = parse(llama(R"("rope_parameters":{"rope_theta":1000000,"rope_type":"default"})"));
  EXPECT_EQ(plain.rope_theta, 1000000.0F);
  EXPECT_FALSE(plain.rope.has_value());
}

TEST(model_config, knows_the_defaults_of_llama) {
  const auto read = parse(llama());
  EXPECT_EQ(read.num_key_value_heads, 8);
  EXPECT_EQ(read.head_dim, 32);
  EXPECT_EQ(read.max_position_embeddings, 2048);
  EXPECT_EQ(read.rms_norm_eps, 1e-6F);
  EXPECT_EQ(read.rope_theta, 10000.0F);
  EXPECT_FALSE(read.rope.has_value());
  EXPECT_FALSE(read.tie_word_embeddings);
  EXPECT_EQ(read.eos_token_ids, std::vector<token_id>{2});
  EXPECT_EQ(read.bos_token_id, 1);
  const auto biased = parse(llama(R"("attention_bias":true,"mlp_bias":true,"tie_word_embeddings":true)"));
  EXPECT_TRUE(biased.attention_bias && biased.attention_output_bias && biased.mlp_bias &&
              biased.tie_word_embeddings);
  EXPECT_EQ(parse(llama(R"("sliding_window":64)")).sliding_window, std::nullopt);
}

TEST(model_config, knows_the_defaults_of_mistral) {
  const auto read = parse(mistral());
  EXPECT_EQ(read.architecture, kind::mistral);
  EXPECT_EQ(read.num_key_value_heads, 8);
  EXPECT_EQ(read.head_dim, 32);
  EXPECT_EQ(read.max_position_embeddings, 131072);
  EXPECT_EQ(read.sliding_window, 4096);
  EXPECT_EQ(read.sliding, std::vector<bool>(4, true));
  EXPECT_EQ(read.eos_token_ids, std::vector<token_id>{2});
  EXPECT_EQ(read.bos_token_id, 1);
  EXPECT_FALSE(read.attention_bias || read.attention_output_bias || read.mlp_bias || read.qk_norm);
  const auto full = parse(mistral(R"("sliding_window":null,"attention_bias":true)"));
  EXPECT_EQ(full.sliding_window, std::nullopt);
  EXPECT_EQ(full.sliding, std::vector<bool>(4, false));
  EXPECT_FALSE(full.attention_bias);
  EXPECT_EQ(parse(mistral(R"("sliding_window":16)")).sliding_window, 16);
}

TEST(model_config, knows_the_defaults_of_qwen2) {
  const auto read = parse(qwen2());
  EXPECT_EQ(read.architecture, kind::qwen2);
  EXPECT_EQ(read.num_key_value_heads, 32);
  EXPECT_EQ(read.head_dim, 8);
  EXPECT_EQ(read.max_position_embeddings, 32768);
  EXPECT_TRUE(read.attention_bias);
  EXPECT_FALSE(read.attention_output_bias || read.mlp_bias || read.qk_norm);
  EXPECT_EQ(read.sliding_window, std::nullopt);
  EXPECT_EQ(read.sliding, std::vector<bool>(4, false));
  EXPECT_TRUE(read.eos_token_ids.empty());
  EXPECT_EQ(read.bos_token_id, std::nullopt);
}

TEST(model_config, knows_the_defaults_of_qwen3) {
  const auto read = parse(qwen3());
  EXPECT_EQ(read.architecture, kind::qwen3);
  EXPECT_EQ(read.head_dim, 128);
  EXPECT_EQ(read.num_key_value_heads, 32);
  EXPECT_TRUE(read.qk_norm);
  EXPECT_FALSE(read.attention_bias || read.attention_output_bias || read.mlp_bias);
  const auto biased = parse(qwen3(R"("attention_bias":true)"));
  EXPECT_TRUE(biased.attention_bias && biased.attention_output_bias);
}

TEST(model_config, slides_the_layers_of_qwen) {
  const std::string unused = R"("use_sliding_window":false,"sliding_window":64,"max_window_layers":1)";
  EXPECT_EQ(parse(qwen2(unused)).sliding_window, std::nullopt);
  const std::string used = R"("use_sliding_window":true,"sliding_window":64,"max_window_layers":1)";
  EXPECT_EQ(parse(qwen2(used)).sliding_window, 64);
  EXPECT_EQ(parse(qwen2(used)).sliding, (std::vector<bool>{false, true, true, true}));
  EXPECT_EQ(parse(qwen2(R"("use_sliding_window":true,"max_window_layers":0)")).sliding_window, 4096);
  EXPECT_EQ(parse(qwen2(R"("use_sliding_window":true)")).sliding_window, std::nullopt);
  EXPECT_EQ(parse(qwen2(R"("use_sliding_window":true,"sliding_window":null,"max_window_layers":0)")).sliding,
            std::vector<bool>(4, false));
  const std::string types =
      R"(,"layer_types":["sliding_attention","full_attention","full_attention","sliding_attention"])";
  EXPECT_EQ(parse(qwen3(used + types)).sliding, (std::vector<bool>{true, false, false, true}));
  expect_refused(
      qwen3(unused + types),
      "m/config.json: layer_types: \"sliding_attention\" is not supported; expected a sliding_window in use, "
      "or full_attention");
  expect_refused(
      qwen3(R"("layer_types":["full_attention"])"),
      "m/config.json: layer_types: [\"full_attention\"] is not supported; expected an array of 4 entries, "
      "one for each layer");
  expect_refused(
      qwen3(R"("layer_types":["full_attention","chunked_attention","full_attention","full_attention"])"),
      "m/config.json: layer_types: \"chunked_attention\" is not supported; expected full_attention or "
      "sliding_attention");
}

TEST(model_config, takes_null_for_absent) {
  const auto read = parse(llama(R"("head_dim":null,"num_key_value_heads":null,"rope_scaling":null,
      "quantization_config":null,"max_position_embeddings":null,"rope_parameters":{})"));
  EXPECT_EQ(read.head_dim, 32);
  EXPECT_EQ(read.num_key_value_heads, 8);
  EXPECT_EQ(read.max_position_embeddings, 2048);
  EXPECT_EQ(parse(qwen2(R"("num_key_value_heads":null)")).num_key_value_heads, 32);
  EXPECT_EQ(parse(config("MistralForCausalLM", "mistral", R"("num_attention_heads":16)")).num_key_value_heads,
            8);
  EXPECT_EQ(
      parse(config("MistralForCausalLM", "mistral", R"("num_attention_heads":16,"num_key_value_heads":null)"))
          .num_key_value_heads,
      16);
}

TEST(model_config, knows_an_architecture_by_class_or_model_type) {
  const std::string sizes = R"("vocab_size":10,"hidden_size":8,"intermediate_size":8,"num_hidden_layers":1,
      "num_attention_heads":2,"num_key_value_heads":1})";
  EXPECT_EQ(parse(R"({"model_type":"mistral",)" + sizes).architecture, kind::mistral);
  EXPECT_EQ(parse(R"({"architectures":null,"model_type":"qwen2",)" + sizes).architecture, kind::qwen2);
  EXPECT_EQ(parse(R"({"architectures":[],"model_type":"qwen3",)" + sizes).architecture, kind::qwen3);
  EXPECT_EQ(parse(R"({"architectures":["LlamaForCausalLM"],)" + sizes).architecture, kind::llama);
  const std::string remedy =
      " is not supported; expected one of LlamaForCausalLM (llama), MistralForCausalLM (mistral), "
      "Qwen2ForCausalLM (qwen2), Qwen3ForCausalLM (qwen3)";
  const std::string where = "m/config.json: architectures: ";
  expect_refused(R"({"architectures":["GPT2LMHeadModel"],"model_type":"gpt2"})",
                 where + "GPT2LMHeadModel of model_type gpt2" + remedy);
  expect_refused(R"({"architectures":["LlamaForSequenceClassification"]})",
                 where + "LlamaForSequenceClassification" + remedy);
  expect_refused(R"({"architectures":["LlamaForCausalLM"],"model_type":"mistral"})",
                 where + "LlamaForCausalLM of model_type mistral" + remedy);
  expect_refused(R"({"model_type":"gemma"})", where + "a model of model_type gemma" + remedy);
  expect_refused("{}", where + "is missing; expected a class name");
  for (const std::string names : {R"(["LlamaForCausalLM","Other"])", R"("LlamaForCausalLM")", "[1]", "{}"}) {
    expect_refused(R"({"architectures":)" + names + "}",
                   where + names + " is not supported; expected an array of one class name");
  }
  expect_refused(R"({"model_type":7})", "m/config.json: model_type: 7 is not supported; expected a string");
}

TEST(model_config, refuses_what_the_forward_pass_lacks) {
  expect_refused(llama(R"("hidden_act":"gelu")"),
                 "m/config.json: hidden_act: \"gelu\" is not supported; expected silu");
  expect_refused(
      llama(R"("quantization_config":{"quant_method":"gptq"})"),
      "m/config.json: quantization_config: {\"quant_method\":\"gptq\"} is not supported; expected weights in "
      "F32, F16 or BF16");
  expect_refused(
      llama(R"("partial_rotary_factor":0.5)"),
      "m/config.json: partial_rotary_factor: 0.5 is not supported; expected a number from 1.0 to 1.0");
  expect_refused(
      llama(R"("rope_parameters":{"partial_rotary_factor":0.5})"),
      "m/config.json: rope_parameters.partial_rotary_factor: 0.5 is not supported; expected a number from "
      "1.0 to 1.0");
  expect_refused(
      qwen3(R"("rope_parameters":{"full_attention":{"rope_theta":1e6}})"),
      "m/config.json: rope_parameters.full_attention: {\"rope_theta\":1000000.0} is not supported; expected "
      "one rotation for all layers");
}

TEST(model_config, reads_the_rotation) {
  const auto linear = parse(llama(R"("rope_theta":20000,"rope_scaling":{"type":"linear","factor":2})"));
  EXPECT_EQ(linear.rope_theta, 20000.0F);
  ASSERT_TRUE(linear.rope.has_value());
  EXPECT_EQ(linear.rope->kind, urn::rope_scaling::scaling_kind::linear);
  EXPECT_EQ(linear.rope->factor, 2.0F);
  EXPECT_FALSE(parse(llama(R"("rope_scaling":{"rope_type":"default"})")).rope.has_value());
  EXPECT_FALSE(parse(llama(R"("rope_scaling":{"type":"default","rope_type":"default"})")).rope.has_value());
  EXPECT_EQ(parse(llama(R"("rope_theta":20000,"rope_parameters":{"rope_theta":30000})")).rope_theta,
            30000.0F);
  EXPECT_EQ(parse(llama(R"("rope_theta":20000,"rope_parameters":{"rope_type":"default"})")).rope_theta,
            20000.0F);
  const auto both =
      parse(llama(R"("rope_scaling":{"type":"linear","factor":3},"rope_parameters":{"rope_theta":7e4})"));
  EXPECT_EQ(both.rope_theta, 10000.0F);
  EXPECT_EQ(both.rope->factor, 3.0F);
  const auto llama3 = parse(
      llama(R"("rope_scaling":{"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4})"));
  EXPECT_EQ(llama3.rope->original_max_position_embeddings, 2048);
}

TEST(model_config, refuses_bad_rotations) {
  const auto refuse = [](const std::string& rope, const std::string& problem) {
    expect_refused(llama(R"("rope_scaling":)" + rope), "m/config.json: rope_scaling" + problem);
  };
  for (const std::string type : {"yarn", "dynamic", "longrope", "su", "mrope"}) {
    refuse(R"({"type":")" + type + R"(","factor":2})",
           ".rope_type: \"" + type + "\" is not supported; expected default, linear or llama3");
  }
  refuse(R"({"type":"linear","rope_type":"llama3"})",
         ".type: \"linear\" is not supported; expected the same as rope_type");
  refuse(R"({"type":"linear"})", ".factor: is missing; expected a number");
  refuse(R"({"type":"linear","factor":0.5})",
         ".factor: 0.5 is not supported; expected a number from 1.0 to 1000000.0");
  refuse(R"({"type":"linear","factor":"2"})",
         ".factor: \"2\" is not supported; expected a number from 1.0 to 1000000.0");
  refuse(R"({"type":1})", ".type: 1 is not supported; expected a string");
  refuse("[]", ": [] is not supported; expected an object");
  refuse(R"({"type":"llama3","factor":8,"low_freq_factor":4,"high_freq_factor":4})",
         ".high_freq_factor: 4.0 is not supported; expected more than low_freq_factor");
  refuse(R"({"type":"llama3","factor":8,"low_freq_factor":1})",
         ".high_freq_factor: is missing; expected a number");
  refuse(
      R"({"type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":0})",
      ".original_max_position_embeddings: 0 is not supported; expected an integer from 1 to 1073741824");
  expect_refused(
      llama(R"("rope_theta":0)"),
      "m/config.json: rope_theta: 0 is not supported; expected a number from 1.0 to 1000000000000.0");
}

TEST(model_config, refuses_numbers_out_of_range) {
  const auto sized = [](const std::string& field, const std::string& value) {
    std::string text = R"({"model_type":"llama")";
    for (const std::string name :
         {"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"}) {
      text += ",\"" + name + "\":" + (name == field ? value : "4");
    }
    return text + "}";
  };
  const std::vector<std::pair<std::string, std::string>> greatest{{"vocab_size", "16777216"},
                                                                  {"hidden_size", "1048576"},
                                                                  {"intermediate_size", "4194304"},
                                                                  {"num_hidden_layers", "4096"},
                                                                  {"num_attention_heads", "4096"}};
  for (const auto& [field, most] : greatest) {
    const std::string remedy = " is not supported; expected an integer from 1 to " + most;
    for (const std::string value : {"0", "-1", "4.0", "\"4\"", "true", "[4]", "2147483648", "4294967297",
                                    "9223372036854775808", "-9223372036854775808"}) {
      expect_refused(sized(field, value), "m/config.json: " + field + ": " + value + remedy);
    }
    expect_refused(sized(field, "null"), "m/config.json: " + field + ": is missing; expected an integer");
  }
  for (const std::string value : {"0", "-1e-6", "1.5", "1e-60", "\"1e-6\""}) {
    expect_error_with([&] { parse(llama(R"("rms_norm_eps":)" + value)); }, "m/config.json: rms_norm_eps: ");
  }
  for (const std::string value : {"NaN", "Infinity", "-Infinity", "1e999"}) {
    expect_error_with([&] { parse(llama(R"("rms_norm_eps":)" + value)); }, "m/config.json: is not JSON: ");
  }
  expect_refused(llama(R"("tie_word_embeddings":1)"),
                 "m/config.json: tie_word_embeddings: 1 is not supported; expected true or false");
  expect_refused(
      mistral(R"("sliding_window":0)"),
      "m/config.json: sliding_window: 0 is not supported; expected an integer from 1 to 1073741824");
}

TEST(model_config, refuses_heads_that_do_not_fit) {
  expect_refused(
      llama(R"("num_key_value_heads":3)"),
      "m/config.json: num_key_value_heads: 3 is not supported; expected a divisor of num_attention_heads, 8");
  expect_refused(llama(R"("num_key_value_heads":16)"),
                 "m/config.json: num_key_value_heads: 16 is not supported; expected a divisor of "
                 "num_attention_heads, 8");
  expect_refused(llama(R"("head_dim":33)"),
                 "m/config.json: head_dim: 33 is not supported; expected an even number");
  EXPECT_EQ(parse(llama(R"("head_dim":34)")).head_dim, 34);
  const std::string seven = config("LlamaForCausalLM", "llama", R"("num_attention_heads":7)");
  expect_refused(
      seven,
      "m/config.json: hidden_size: 256 is not supported; expected a multiple of num_attention_heads, 7, or "
      "a head_dim");
  const std::string odd = R"({"model_type":"llama","vocab_size":4,"hidden_size":6,"intermediate_size":4,
      "num_hidden_layers":1,"num_attention_heads":2})";
  expect_refused(odd, "m/config.json: head_dim: 3 is not supported; expected an even number");
}

TEST(model_config, reads_token_ids) {
  EXPECT_EQ(parse(llama(R"("eos_token_id":[7,5,7],"bos_token_id":null)")).eos_token_ids,
            (std::vector<token_id>{5, 7}));
  EXPECT_EQ(parse(llama(R"("bos_token_id":null)")).bos_token_id, std::nullopt);
  EXPECT_TRUE(parse(llama(R"("eos_token_id":null)")).eos_token_ids.empty());
  EXPECT_TRUE(parse(llama(R"("eos_token_id":[])")).eos_token_ids.empty());
  const auto overridden =
      parse(llama(R"("eos_token_id":5,"bos_token_id":6)"), R"({"eos_token_id":[8,9],"bos_token_id":10})");
  EXPECT_EQ(overridden.eos_token_ids, (std::vector<token_id>{8, 9}));
  EXPECT_EQ(overridden.bos_token_id, 10);
  const auto kept =
      parse(llama(R"("eos_token_id":5,"bos_token_id":6)"), R"({"eos_token_id":null,"top_p":0.9})");
  EXPECT_EQ(kept.eos_token_ids, std::vector<token_id>{5});
  EXPECT_EQ(kept.bos_token_id, 6);
}

TEST(model_config, refuses_bad_token_ids) {
  const std::string remedy = " is not supported; expected an integer from 0 to 999";
  EXPECT_EQ(parse(llama(R"("eos_token_id":999)")).eos_token_ids, std::vector<token_id>{999});
  for (const std::string id : {"1000", "-1", "2.0", "\"2\"", "true"}) {
    expect_refused(llama(R"("eos_token_id":)" + id), "m/config.json: eos_token_id: " + id + remedy);
    expect_refused(llama(R"("eos_token_id":[2,)" + id + "]"), "m/config.json: eos_token_id: " + id + remedy);
    expect_refused(llama(R"("bos_token_id":)" + id), "m/config.json: bos_token_id: " + id + remedy);
    expect_refused(llama(), "m/generation_config.json: eos_token_id: " + id + remedy,
                   R"({"eos_token_id":)" + id + "}");
  }
  expect_refused(llama(R"("bos_token_id":[1,2])"),
                 "m/config.json: bos_token_id: holds several ids; expected one id or null");
}

TEST(model_config, drops_a_default_id_outside_the_vocabulary) {
  const std::string tiny = R"({"model_type":"llama","vocab_size":2,"hidden_size":4,"intermediate_size":4,
      "num_hidden_layers":1,"num_attention_heads":2})";
  EXPECT_TRUE(parse(tiny).eos_token_ids.empty());
  EXPECT_EQ(parse(tiny).bos_token_id, 1);
}

TEST(model_config, refuses_text_that_is_no_json_object) {
  expect_error_with([] { parse(""); }, "m/config.json: is not JSON: ");
  expect_error_with([] { parse("{"); }, "m/config.json: is not JSON: ");
  expect_error([] { parse("[]"); }, "m/config.json: is not a JSON object; expected one JSON object in UTF-8");
  expect_error([] { parse(llama(R"("head_dim":32,"head_dim":64)")); },
               "m/config.json: has \"head_dim\" twice; expected every name of an object once");
  expect_error_with([] { parse(llama(), "{"); }, "m/generation_config.json: is not JSON: ");
  expect_error([] { parse(llama(), "3"); },
               "m/generation_config.json: is not a JSON object; expected one JSON object in UTF-8");
  expect_error_with([] { parse_model_config("", "", ""); }, "config.json: is not JSON: ");
}

TEST(model_config, loads_a_directory) {
  const temporary_directory directory;
  const std::string config_path = (directory.path() / "config.json").string();
  expect_error([&] { urn::load_model_config(directory.path()); },
               config_path + ": cannot be read: No such file or directory; expected a readable file");
  directory.write("config.json", "");
  expect_error_with([&] { urn::load_model_config(directory.path()); }, config_path + ": is not JSON: ");
  directory.write("config.json", llama(R"("eos_token_id":5)"));
  EXPECT_EQ(urn::load_model_config(directory.path()).eos_token_ids, std::vector<token_id>{5});
  directory.write("generation_config.json", R"({"eos_token_id":6})");
  EXPECT_EQ(urn::load_model_config(directory.path()).eos_token_ids, std::vector<token_id>{6});
  directory.write("generation_config.json", R"({"eos_token_id":1000})");
  expect_error_with([&] { urn::load_model_config(directory.path()); },
                    (directory.path() / "generation_config.json").string() + ": eos_token_id: 1000");
}

}  // namespace
