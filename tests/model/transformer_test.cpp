#include "urn/model/transformer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "model/transformer/fixture.hpp"
#include "model/transformer/tensor_file.hpp"

namespace {

using namespace urn_test;
using urn::logits_wanted;
using urn::token_id;
using urn::transformer;

static_assert(urn::causal_lm<transformer>);

constexpr float tolerance = 2e-4F;
constexpr std::size_t vocabulary = 128;

float max_difference(std::span<const float> a, std::span<const float> b) {
  EXPECT_EQ(a.size(), b.size());
  float result = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (!(std::abs(a[i] - b[i]) <= result)) result = std::abs(a[i] - b[i]);  // a NaN stays and fails
  }
  return result;
}

token_id greatest(std::span<const float> logits) {
  return static_cast<token_id>(std::ranges::max_element(logits) - logits.begin());
}

/// Greedy decoding of `count` tokens, one at a time.
std::vector<token_id> decode_greedily(const transformer& model, std::span<const token_id> prompt,
                                      std::size_t count) {
  auto sequence = model.make_sequence();
  auto logits = forward(model, sequence, prompt, logits_wanted::last);
  std::vector<token_id> result{greatest(logits)};
  while (result.size() < count) {
    logits = forward(model, sequence, std::span(&result.back(), 1), logits_wanted::last);
    result.push_back(greatest(logits));
  }
  return result;
}

/// All logits of `tokens`, given to the model in pieces of `size`.
std::vector<float> forward_in_pieces(const transformer& model, std::span<const token_id> tokens,
                                     std::size_t size) {
  auto sequence = model.make_sequence();
  std::vector<float> result;
  for (std::size_t i = 0; i < tokens.size(); i += size) {
    const auto piece = tokens.subspan(i, std::min(size, tokens.size() - i));
    const auto logits = forward(model, sequence, piece);
    result.insert(result.end(), logits.begin(), logits.end());
  }
  return result;
}

class transformer_fixture : public testing::TestWithParam<const char*> {
 protected:
  const transformer model = transformer::load(fixture_directory(GetParam()));
  const expectation wanted = read_expectation(GetParam());
  const std::vector<float> logits = forward(model, wanted.input);
};

TEST_P(transformer_fixture, matches_the_transformers_library_at_every_position) {
  ASSERT_EQ(wanted.logits.size(), wanted.input.size() * vocabulary);
  const float difference = max_difference(logits, wanted.logits);
  std::cout << GetParam() << ": max |difference| " << difference << '\n';
  EXPECT_LE(difference, tolerance);
}

TEST_P(transformer_fixture, decodes_the_same_greedy_tokens) {
  EXPECT_EQ(decode_greedily(model, wanted.prompt, wanted.greedy.size()), wanted.greedy);
}

TEST_P(transformer_fixture, gives_the_same_bits_however_the_prompt_is_cut) {
  for (const std::size_t size : {1U, 2U, 3U, 7U, 31U, 32U, 33U, 63U}) {
    EXPECT_EQ(bits(forward_in_pieces(model, wanted.input, size)), bits(logits)) << size;
  }
}

TEST_P(transformer_fixture, gives_the_same_bits_in_every_batch) {
  std::vector<transformer::sequence> sequences;
  for (std::size_t length = 1; length <= wanted.input.size(); length += 9)
    sequences.push_back(model.make_sequence());
  std::vector<urn::forward_item<transformer::sequence>> batch;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    batch.push_back({&sequences[i], std::span(wanted.input).first(1 + 9 * i), logits_wanted::all});
  }
  std::ranges::reverse(batch);
  urn::logits_buffer out;
  model.forward(batch, out);
  std::vector<float> one_at_a_time;
  for (const auto& item : batch) {
    const auto rows = rows_of(logits, vocabulary, 0, item.tokens.size());
    one_at_a_time.insert(one_at_a_time.end(), rows.begin(), rows.end());
    EXPECT_EQ(item.sequence->size(), item.tokens.size());
  }
  EXPECT_EQ(bits(out.values()), bits(one_at_a_time));
}

TEST_P(transformer_fixture, continues_as_if_truncated_tokens_had_never_been) {
  for (const std::size_t kept : {0U, 1U, 31U, 32U, 33U, 50U}) {
    auto sequence = model.make_sequence();
    forward(model, sequence, wanted.prompt);
    forward(model, sequence, wanted.greedy);
    sequence.truncate(0);
    forward(model, sequence, wanted.input);
    sequence.truncate(kept);
    forward(model, sequence, std::span(wanted.greedy).first(3));
    sequence.truncate(kept);
    EXPECT_EQ(bits(forward(model, sequence, std::span(wanted.input).subspan(kept))),
              bits(rows_of(logits, vocabulary, kept, wanted.input.size() - kept)))
        << kept;
  }
}

TEST_P(transformer_fixture, forks_that_go_on_differently_at_once_do_not_meet) {
  const std::span<const token_id> input = wanted.input;
  constexpr std::size_t shared = 40;
  auto trunk = model.make_sequence();
  forward(model, trunk, input.first(shared));
  std::vector<transformer::sequence> forks;
  forks.reserve(4);
  for (int i = 0; i < 4; ++i) forks.push_back(trunk.fork());
  std::vector<std::vector<float>> found(forks.size());
  std::vector<std::vector<float>> expected;
  const auto tail = [&](std::size_t i) { return input.subspan(5 * i, 20); };
  {
    std::vector<std::jthread> threads;
    threads.reserve(forks.size());
    for (std::size_t i = 0; i < forks.size(); ++i) {
      threads.emplace_back([&, i] {
        for (const token_id token : tail(i)) {
          const auto row = forward(model, forks[i], std::span(&token, 1));
          found[i].insert(found[i].end(), row.begin(), row.end());
        }
      });
    }
  }
  for (std::size_t i = 0; i < forks.size(); ++i) {
    std::vector<token_id> tokens(input.begin(), input.begin() + shared);
    tokens.insert(tokens.end(), tail(i).begin(), tail(i).end());
    EXPECT_EQ(bits(found[i]), bits(rows_of(forward(model, tokens), vocabulary, shared, 20))) << i;
  }
  EXPECT_EQ(trunk.size(), shared);
  EXPECT_EQ(bits(forward(model, trunk, input.subspan(shared))),
            bits(rows_of(logits, vocabulary, shared, input.size() - shared)));
}

INSTANTIATE_TEST_SUITE_P(all, transformer_fixture,
                         testing::Values("llama", "llama_tied_llama3", "llama_biases_linear", "llama_bf16",
                                         "llama_sharded", "mistral_window", "qwen2", "qwen3",
                                         "qwen3_mixed_windows"),
                         [](const auto& each) { return each.param; });

TEST(transformer, holds_as_many_tokens_as_the_config_says) {
  const auto model = transformer::load(fixture_directory("llama"));
  EXPECT_EQ(model.vocabulary_size(), vocabulary);
  EXPECT_EQ(model.context_size(), 128U);
  EXPECT_EQ(model.config().hidden_size, 48);
  auto sequence = model.make_sequence();
  const std::vector<token_id> tokens(128, 7);
  forward(model, sequence, tokens, logits_wanted::none);
  EXPECT_EQ(message_of([&] { forward(model, sequence, std::span(tokens).first(1)); }),
            "forward: item 0: 1 tokens after 128 do not fit into the context; a sequence holds at most 128");
}

TEST(transformer, gives_other_logits_where_a_window_forgets) {
  // The fixtures' windows are short enough to matter: with the window taken away the logits differ behind it
  // only.
  auto config = urn::load_model_config(fixture_directory("mistral_window"));
  const auto tensors = urn::checkpoint::open(fixture_directory("mistral_window"));
  const auto wanted = read_expectation("mistral_window");
  const auto windowed = forward(transformer(config, tensors), wanted.input);
  config.sliding_window.reset();
  const auto full = forward(transformer(config, tensors), wanted.input);
  EXPECT_EQ(bits(rows_of(windowed, vocabulary, 0, 16)), bits(rows_of(full, vocabulary, 0, 16)));
  EXPECT_GT(max_difference(rows_of(windowed, vocabulary, 16, 1), rows_of(full, vocabulary, 16, 1)),
            tolerance);
}

TEST(transformer, refuses_a_sequence_of_another_model) {
  const auto model = transformer::load(fixture_directory("llama"));
  const auto other = transformer::load(fixture_directory("llama"));
  auto foreign = other.make_sequence();
  const std::vector<token_id> tokens{1, 2};
  constexpr auto message = "forward: item 0: a sequence of another model; use one made by this model";
  EXPECT_EQ(message_of([&] { forward(model, foreign, tokens); }), message);
  auto moved_from = model.make_sequence();
  auto moved_to = std::move(moved_from);
  // NOLINTNEXTLINE(*-use-after-move,*.Move)
  EXPECT_EQ(message_of([&] { forward(model, moved_from, tokens); }), message);
}

/// What building a model says of the llama fixture after `spoil` has changed its tensors.
std::string message_after(const std::function<void(tensor_file&)>& spoil, const std::string& name = "llama") {
  auto tensors = read_tensor_file(fixture_directory(name) / "model.safetensors");
  spoil(tensors);
  const auto file = write_tensor_file(tensors);
  const auto config = urn::load_model_config(fixture_directory(name));
  return message_of([&] { const transformer model(config, urn::checkpoint::parse(file, "file")); });
}

TEST(transformer, accepts_what_it_does_not_need_to_refuse) {
  const stored_tensor frequencies{"F32", {6}, std::vector<char>(24)};
  EXPECT_EQ(message_after([](auto&) {}), "");
  EXPECT_EQ(message_after([&](auto& t) { t["model.layers.1.self_attn.rotary_emb.inv_freq"] = frequencies; }),
            "");
  EXPECT_EQ(message_after([](auto& t) { t["lm_head.weight"] = t["model.embed_tokens.weight"]; },
                          "llama_tied_llama3"),
            "");
}

TEST(transformer, names_every_missing_tensor) {
  for (const auto& [name, tensor] : read_tensor_file(fixture_directory("llama") / "model.safetensors")) {
    const auto& missing = name;
    EXPECT_EQ(
        message_after([&](auto& t) { t.erase(missing); }),
        name + ": missing from the checkpoint; the config asks for shape " + urn::nn::to_text(tensor.shape));
  }
}

TEST(transformer, names_found_and_wanted_shape_of_every_tensor) {
  for (const auto& [name, tensor] : read_tensor_file(fixture_directory("llama") / "model.safetensors")) {
    auto spoiled = tensor;
    spoiled.shape.insert(spoiled.shape.begin(), 1);
    const auto& misshaped = name;
    EXPECT_EQ(message_after([&](auto& t) { t[misshaped] = spoiled; }),
              name + ": has shape " + urn::nn::to_text(spoiled.shape) + "; the config asks for " +
                  urn::nn::to_text(tensor.shape));
  }
  EXPECT_EQ(message_after([&](auto& t) {
              t["lm_head.weight"].shape = {48, 128};
            }),
            "lm_head.weight: has shape [48, 128]; the config asks for [128, 48]");
}

TEST(transformer, refuses_tensors_that_it_would_have_to_ignore) {
  const stored_tensor extra{"F32", {48}, std::vector<char>(192)};
  for (const std::string name :
       {"model.layers.0.self_attn.q_proj.bias", "model.layers.2.input_layernorm.weight",
        "model.layers.0.self_attn.q_norm.weight", "score.weight"}) {
    EXPECT_EQ(message_after([&](auto& t) { t[name] = extra; }),
              name + ": is not a tensor of this architecture; give a checkpoint that fits the config");
  }
}

TEST(transformer, refuses_a_config_that_contradicts_itself) {
  const auto tensors = urn::checkpoint::open(fixture_directory("llama"));
  const auto message_with = [&](auto change) {
    auto config = urn::load_model_config(fixture_directory("llama"));
    change(config);
    return message_of([&] { const transformer model(config, tensors); });
  };
  EXPECT_EQ(message_with([](auto& c) { c.head_dim = 0; }),
            "model_config: a size is not positive; give the sizes of config.json");
  EXPECT_EQ(message_with([](auto& c) { c.num_key_value_heads = 3; }),
            "model_config: num_key_value_heads does not divide num_attention_heads; each must serve as many "
            "query heads");
  EXPECT_EQ(message_with([](auto& c) { c.head_dim = 11; }),
            "model_config: head_dim is odd; rotary embeddings turn pairs of dimensions");
  EXPECT_EQ(message_with([](auto& c) { c.sliding_window = 0; }),
            "model_config: sliding_window is not positive; a token sees at least itself");
  EXPECT_EQ(message_with([](auto& c) { c.sliding_window = 4, c.sliding = {true}; }),
            "model_config: sliding has not one entry for each layer; say of every layer whether it slides");
}

TEST(transformer, names_a_directory_without_a_model) {
  const auto nowhere = std::filesystem::path(URN_TEST_FIXTURES) / "transformer" / "nowhere";
  EXPECT_NE(message_of([&] { transformer::load(nowhere); }).find(nowhere.string()), std::string::npos);
}

}  // namespace
