#include "convert/engines.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "client/random_params.hpp"
#include "convert/conversions.hpp"
#include "convert/tables.hpp"
#include "support/expect_error.hpp"
#include "support/params.hpp"
#include "urn/client/params_json.hpp"
#include "urn/convert/llama_cpp.hpp"
#include "urn/convert/openai.hpp"
#include "urn/convert/ort_genai.hpp"
#include "urn/convert/sglang.hpp"
#include "urn/convert/tensorrt_llm.hpp"

namespace {

using nlohmann::json;
using urn::loss, urn::on_loss, urn::openai_api, urn::sampling_params;
using urn::test::changed, urn::test::engine, urn::test::expect_error, urn::test::infinity;
using urn::test::strings, urn::test::tokens;
using losses = std::vector<loss>;

/// What one engine has in another way without a loss: a greedy choice needs no cut, a banned token no bias.
sampling_params without_idle_fields(const engine& to, sampling_params p) {
  if (p.temperature < 1e-5F) p.temperature = 0;
  const bool leaves_out = to.name == "ort_genai" || to.name == "transformers";
  if (!leaves_out || p.temperature > 0) return p;
  p.top_k = -1;
  p.top_p = 1;
  if (to.name == "transformers") p.min_p = 0;
  return p;
}

/// As JSON, but the fields that losses name.
std::string kept(const sampling_params& p, const losses& lost) {
  nlohmann::ordered_json all = urn::to_json(p);
  urn::for_each_field([&](const char* name, auto) {
    if (urn::test::names(lost, urn::test::loss_name(name))) all.erase(name);
  });
  return all.dump();
}

TEST(engines, give_back_every_field_or_name_it_as_lost) {
  std::size_t lossless = 0;
  for (const engine& e : urn::test::engines()) {
    if (e.name == "transformers") continue;  // its test knows how it says bans and ends otherwise
    rows::random_source r(5);
    for (int trial = 0; trial < 1000; ++trial) {
      const sampling_params p = random_params::make(r, 50);
      const urn::conversion made = e.write(p, on_loss::report);
      const urn::imported_params back = e.read(json::parse(made.arguments.dump()), on_loss::report);
      ASSERT_EQ(back.unknown, strings{}) << e.name << made.arguments;
      ASSERT_EQ(kept(back.params, made.losses), kept(without_idle_fields(e, p), made.losses))
          << e.name << made.arguments;
      if (!made.losses.empty()) continue;
      ++lossless;
      ASSERT_EQ(back.losses, losses{}) << e.name << made.arguments;
    }
  }
  EXPECT_GT(lossless, 100U);
}

TEST(engines, strict_names_every_lost_field) {
  rows::random_source r(6);
  for (const engine& e : urn::test::engines()) {
    std::size_t refused = 0;
    for (int trial = 0; trial < 100; ++trial) {
      const sampling_params p = random_params::make(r, 50);
      const urn::conversion made = e.write(p, on_loss::report);
      try {
        EXPECT_EQ(e.write(p, on_loss::refuse).arguments, made.arguments);
        EXPECT_EQ(made.losses, losses{}) << e.name;
      } catch (const urn::error& thrown) {
        ++refused;
        ASSERT_FALSE(made.losses.empty()) << thrown.what();
        const std::string said = thrown.what();
        for (const loss& l : made.losses) EXPECT_NE(said.find(l.field + ": " + l.happens), said.npos) << said;
      }
    }
    EXPECT_GT(refused, 10U) << e.name;
  }
}

TEST(engines, refuse_invalid_parameters_and_wrong_types_by_name) {
  for (const engine& e : urn::test::engines()) {
    expect_error([&] { e.write(changed([](auto& p) { p.top_p = 0; }), on_loss::report); },
                 "top_p: 0 is not in (0, 1]");
    EXPECT_THROW(e.read(json(3), on_loss::report), urn::request_error) << e.name;
    const bool nested = e.name == "sglang";
    const auto said = [&](json arguments) {
      return nested ? json{{"sampling_params", std::move(arguments)}} : arguments;
    };
    expect_error(
        [&] {
          e.read(said({{"top_p", "x"}}), on_loss::report);
        },
        R"(top_p: "x" is not a number in the range of a float)");
    expect_error(
        [&] {
          e.read(said({{"top_p", 2}, {"do_sample", true}}), on_loss::report);
        },
        "top_p: 2 is not in (0, 1]");
    EXPECT_EQ(e.read(said({{"no_such_name", 1}}), on_loss::report).unknown, strings{"no_such_name"})
        << e.name;
  }
}

const std::string page = std::string(URN_TEST_FIXTURES) + "/../../docs/convert.md";

TEST(docs, tables_say_what_conversions_do) {
  const std::string text = urn::test::file_text(page);
  for (const engine& e : urn::test::engines()) {
    const auto [start, length] = urn::test::place_of_table(text, e);
    EXPECT_EQ(text.substr(start, length), urn::test::table_of(e))
        << "this program with the words: tables docs/convert.md, puts it right";
  }
}

/// The names in the line of the page that starts so: `a`, `b`.
strings names_in_line(const std::string& text, const std::string& start) {
  strings found;
  const std::size_t at = text.find("\n" + start);
  if (at == std::string::npos) return found;
  const std::size_t end = text.find("\n\n", at);
  for (std::size_t open = text.find('`', at); open < end; open = text.find('`', open + 1)) {
    const std::size_t close = text.find('`', open + 1);
    found.push_back(text.substr(open + 1, close - open - 1));
    open = close;
  }
  return found;
}

/// What some value of an argument loses, and whether the engine has it at all.
bool is_lost(const engine& e, const std::string& name) {
  bool lost = false;
  for (const char* value : {"true", "false", "7", "0.25", "\"x\"", "[\"x\"]", "{\"x\": 1}"}) {
    json said{{name, json::parse(value)}};
    if (e.name == "llama_cpp")
      said["samplers"] = {"dry", "typ_p", "xtc", "top_n_sigma", "temperature", "adaptive_p"};
    for (const json& arguments : {said, json{{"sampling_params", said}}}) {
      try {
        const urn::imported_params made = e.read(arguments, on_loss::report);
        lost = lost || urn::test::names(made.losses, name);
      } catch (const urn::request_error&) {  // of another type
      }
    }
  }
  return lost;
}

TEST(docs, name_what_is_lost_of_a_request_that_is_read) {
  const std::string text = urn::test::file_text(page);
  for (const engine& e : urn::test::engines()) {
    const strings named =
        names_in_line(text, "Read from " + e.title + ", what is not neutral of these is lost:");
    EXPECT_GE(named.size(), 3U) << e.title;
    for (const std::string& name : named) EXPECT_TRUE(is_lost(e, name)) << e.title << ": " << name;
  }
}

TEST(sglang, says_all) {
  const auto made = urn::to_sglang(changed([](auto& p) {
    p.temperature = 1e-6F;
    p.stop = tokens{3, 1};
    p.repetition_penalty = 2.5F;
    p.logit_bias = {{1, -infinity}, {2, 1.5F}};
    p.logprobs = 3;
    p.prompt_logprobs = 5;
    p.include_stop_in_output = true;
    p.num_samples = 2;
  }));
  EXPECT_EQ(made.arguments.dump(),
            R"({"return_logprob":true,"top_logprobs_num":5,"logprob_start_len":0,"sampling_params":{)"
            R"("max_new_tokens":null,"temperature":0.0,"top_p":1.0,"top_k":-1,"min_p":0.0,)"
            R"("frequency_penalty":0.0,"presence_penalty":0.0,"repetition_penalty":2.0,"min_new_tokens":0,)"
            R"("n":2,"ignore_eos":false,"no_stop_trim":true,"stop_token_ids":[3,1],)"
            R"("logit_bias":{"1":-1000000000.0,"2":1.5}}})");
  EXPECT_EQ(made.losses, (losses{{"logprobs", "lists 5, as prompt_logprobs"},
                                 {"repetition_penalty", "is 2, SGLang's largest"},
                                 {"repetition_penalty", "is over the output alone"},
                                 {"logit_bias", "is clamped to [-1e+09, 1e+09]"}}));
}

TEST(sglang, reads_its_defaults_and_foreign_fields) {
  EXPECT_EQ(urn::from_sglang(json::object(), on_loss::refuse).params.max_tokens, 128U);
  const auto made = urn::from_sglang(json::parse(R"({"text": "x", "sampling_params": {"max_new_tokens": null,
    "top_k": 1073741824, "regex": "a*", "stop": "b", "stop_token_ids": [1], "sampling_seed": -3},
    "return_logprob": true, "logprob_start_len": 7, "token_ids_logprob": [1]})"));
  EXPECT_EQ(made.params, changed([](auto& p) {
              p.stop = std::string("b");
              p.logprobs = 0;
            }));
  EXPECT_EQ(made.losses,
            (losses{{"logprob_start_len", "is left out: urn scores the whole prompt or nothing of it"},
                    {"token_ids_logprob", "is left out: urn has no such parameter"},
                    {"sampling_seed", "is left out: urn's are not negative, so the seed is random"},
                    {"stop_token_ids", "is left out: urn stops at strings or at tokens, not at both"},
                    {"regex", "is left out: urn has no such parameter"}}));
}

TEST(sglang, reads_the_expressions_that_urn_can) {
  const auto made = urn::from_sglang({{"sampling_params", {{"stop_regex", {"a+", "^b"}}}}});
  EXPECT_EQ(made.params.stop_regex, strings{"a+"});
  ASSERT_EQ(made.losses.size(), 1U);
  EXPECT_EQ(made.losses[0].field, "stop_regex");
  EXPECT_EQ(urn::from_sglang({{"sampling_params", {{"stop_regex", "a"}}}}).params.stop_regex, strings{"a"});
  const auto lost = [](const char* expression) {
    return urn::to_sglang(changed([&](auto& p) { p.stop_regex = {expression}; })).losses.size();
  };
  EXPECT_EQ(lost(R"(x\d+)"), 1U) << "of all Unicode there, of ASCII here";
  EXPECT_EQ(lost(R"(x\\d)"), 0U) << "a backslash and a d";
}

TEST(tensorrt_llm, says_biases_as_a_row_and_a_list) {
  const auto wanted = changed([](auto& p) {
    p.logit_bias = {{1, -infinity}, {2, infinity}, {3, 0.5F}};
    p.presence_penalty = 1;
  });
  const auto made = urn::to_tensorrt_llm(wanted, {.vocabulary_size = 4});
  EXPECT_EQ(made.arguments["bad_token_ids"].dump(), "[1]");
  EXPECT_EQ(made.arguments["embedding_bias"].dump(), "[0.0,0.0,1000000000.0,0.5]");
  EXPECT_EQ(made.arguments["prompt_ignore_length"], 2147483647);
  EXPECT_EQ(made.losses, (losses{{"logit_bias", "is 1e9 where it is infinite"}}));
  EXPECT_EQ(urn::to_tensorrt_llm(wanted).losses,
            (losses{{"logit_bias", "is left out: give the vocabulary's size"}}));
}

TEST(tensorrt_llm, is_greedy_where_nothing_is_said) {
  const auto temperature = [](const char* text) {
    return urn::from_tensorrt_llm(json::parse(text)).params.temperature;
  };
  EXPECT_EQ(temperature("{}"), 0);
  EXPECT_EQ(temperature(R"({"top_p": 0.0})"), 0);
  EXPECT_EQ(temperature(R"({"top_p": 0.5})"), 1);
  EXPECT_EQ(temperature(R"({"top_k": 5})"), 1);
  const auto made = urn::from_tensorrt_llm(json::parse(
      R"({"n": 2, "best_of": 3, "bad": "x", "presence_penalty": 1, "stop": ["y"], "top_p_decay": 1.0})"));
  EXPECT_EQ(made.params.max_tokens, 32U);
  EXPECT_EQ(
      made.losses,
      (losses{{"presence_penalty", "is over the output alone: of prompt_ignore_length urn has only all"},
              {"stop", "is found by TensorRT-LLM as the tokens it is encoded to, by urn in the text"},
              {"bad", "are banned after a space too"},
              {"best_of", "is left out: urn has no such parameter"}}));
}

TEST(llama_cpp, says_its_order_and_what_it_counts) {
  const auto wanted = changed([](auto& p) {
    p.repetition_penalty = 1.5F;
    p.frequency_penalty = 1;
    p.logit_bias = {{1, -infinity}, {2, 0.5F}};
    p.ignore_eos = true;
    p.seed = 0xFFFFFFFF;
    p.logprobs = 0;
    p.deadline = std::chrono::milliseconds(7);
  });
  const auto made = urn::to_llama_cpp(wanted, {.context_size = 100});
  EXPECT_EQ(
      made.arguments.dump(),
      R"({"n_predict":-1,"n_cmpl":1,"seed":0,"temperature":1.0,"top_k":0,"top_p":1.0,"min_p":0.0,)"
      R"("repeat_penalty":1.5,"frequency_penalty":1.0,"presence_penalty":0.0,)"
      R"("samplers":["penalties","temperature","top_k","top_p","min_p"],"repeat_last_n":100,"logit_bias":[[1,false],[2,0.5]],)"
      R"("ignore_eos":true,"n_probs":1,"t_max_predict_ms":7})");
  EXPECT_EQ(
      made.losses,
      (losses{{"seed", "becomes another: llama.cpp's are at most 4294967294"},
              {"frequency_penalty", "counts the prompt's tokens too"},
              {"ignore_eos", "bans the end tokens: they are not drawn"},
              {"logprobs", "lists 1: llama.cpp gives none for 0"},
              {"deadline", "is counted from the first token, and met at the end of a line, by llama.cpp"}}));
  EXPECT_EQ(urn::to_llama_cpp({}).arguments["seed"], -1);
  EXPECT_TRUE(urn::test::names(urn::to_llama_cpp(wanted).losses, "repetition_penalty"))
      << "the context is unknown";
}

losses lost_by_llama_cpp(const char* text) { return urn::from_llama_cpp(json::parse(text)).losses; }

TEST(llama_cpp, an_order_is_lost_where_it_draws_otherwise) {
  const losses reordered{
      {"samplers", "become penalties, temperature, top_k, top_p, min_p: urn has no other order"}};
  EXPECT_EQ(lost_by_llama_cpp("{}"), reordered) << "the default: temperature last";
  EXPECT_EQ(lost_by_llama_cpp(R"({"temperature": 1})"), losses{}) << "which changes nothing";
  EXPECT_EQ(lost_by_llama_cpp(R"({"temperature": 0})"), losses{}) << "the best token stays";
  EXPECT_EQ(lost_by_llama_cpp(R"({"top_p": 1, "min_p": 0})"), losses{}) << "top_k commutes";
  EXPECT_EQ(lost_by_llama_cpp(R"({"samplers": ["temp", "top-k", "NUCLEUS", "minp"]})"), losses{});
  EXPECT_EQ(lost_by_llama_cpp(R"({"samplers": "tkpm"})"), losses{});
  EXPECT_EQ(lost_by_llama_cpp(R"({"samplers": "tkmp"})"), reordered);
  EXPECT_EQ(lost_by_llama_cpp(R"({"samplers": "tkpt"})"), reordered) << "twice";
  EXPECT_EQ(lost_by_llama_cpp(R"({"samplers": "te", "frequency_penalty": 1})"),
            (losses{reordered[0], {"frequency_penalty", "is over the output alone"}}));
  EXPECT_EQ(lost_by_llama_cpp(R"({"samplers": ["top_k", "mirror"]})"),
            (losses{{"samplers", "\"mirror\" is left out: llama.cpp has no such sampler"}}));
}

TEST(llama_cpp, a_sampler_that_is_not_in_the_chain_does_nothing) {
  const auto made = urn::from_llama_cpp(
      json::parse(R"({"samplers": ["top_k"], "top_p": 0.5, "repeat_penalty": 2, "dry_multiplier": 1})"));
  EXPECT_EQ(made.params, changed([](auto& p) { p.top_k = 40; }));
  EXPECT_EQ(made.losses, losses{});
  const auto mirostat = urn::from_llama_cpp({{"mirostat", 2}, {"xtc_probability", 0.5}});
  EXPECT_EQ(mirostat.params, changed([](auto& p) { p.temperature = 0.8F; }));
  EXPECT_EQ(mirostat.losses, (losses{{"mirostat", "is left out: urn has no such parameter"}}));
}

TEST(llama_cpp, reports_what_is_switched_on) {
  for (const char* text :
       {R"({"dry_multiplier": 0.8})", R"({"typical_p": 0.5})", R"({"top_n_sigma": 1})",
        R"({"xtc_probability": 0.5})", R"({"dynatemp_range": 0.5})",
        R"({"adaptive_target": 0.5, "samplers": "a"})", R"({"samplers": ["infill"]})", R"({"min_keep": 2})",
        R"({"grammar": "x"})", R"({"json_schema": {}})", R"({"repeat_penalty": 1.1})",
        R"({"logit_bias": [["text", 1]]})", R"({"logit_bias": {"text": 1}})", R"({"presence_penalty": 1})"}) {
    json said = json::parse(text);
    if (!said.contains("samplers")) said["temperature"] = 1;
    EXPECT_EQ(urn::from_llama_cpp(said).losses.size(), 1U) << text;
  }
  EXPECT_EQ(lost_by_llama_cpp(R"({"temperature": 1, "xtc_probability": 0.5, "xtc_threshold": 0.6})"),
            losses{});
  EXPECT_EQ(lost_by_llama_cpp(R"({"temperature": 1, "repeat_last_n": 0, "repeat_penalty": 2})"), losses{});
}

TEST(llama_cpp, reads_its_other_spellings) {
  const auto made = urn::from_llama_cpp(json::parse(
      R"({"max_tokens": 5, "n": 2, "seed": -1, "top_k": -3, "temperature": -1, "logprobs": 4,
          "logit_bias": {"3": false, "4": 2}})"));
  EXPECT_EQ(made.unknown, strings{});
  EXPECT_EQ(made.params, changed([](auto& p) {
              p.max_tokens = 5;
              p.num_samples = 2;
              p.temperature = 0;
              p.top_p = 0.95F;
              p.min_p = 0.05F;
              p.logprobs = 4;
              p.logit_bias = {{3, -infinity}, {4, 2}};
            }));
  EXPECT_EQ(urn::from_llama_cpp({{"seed", 4294967295}}).params.seed, std::nullopt);
}

TEST(ort_genai, counts_the_prompt) {
  const auto wanted = changed([](auto& p) {
    p.max_tokens = 5;
    p.min_tokens = 2;
  });
  EXPECT_EQ(urn::to_ort_genai(wanted, {.prompt_size = 10}, on_loss::refuse).arguments.dump(),
            R"({"do_sample":true,"temperature":1.0,"top_k":0,"top_p":1.0,"repetition_penalty":1.0,)"
            R"("min_length":12,"max_length":15,"random_seed":-1})");
  EXPECT_EQ(urn::to_ort_genai(wanted).losses,
            (losses{{"min_tokens", "is left out: the prompt counts, so give its size"},
                    {"max_tokens", "is left out: the prompt counts, so give its size"},
                    {"max_tokens", "is the model's max_length: give the context's size"}}));
  const json said = {{"max_length", 15}, {"min_length", 12}, {"do_sample", true}};
  EXPECT_EQ(urn::from_ort_genai(said, {.prompt_size = 10}, on_loss::refuse).params.max_tokens, 5U);
  EXPECT_EQ(urn::from_ort_genai(said, {.prompt_size = 10}).params.min_tokens, 2U);
  EXPECT_EQ(urn::from_ort_genai(said, {.context_size = 15}).losses.size(), 1U);
  expect_error([&] { urn::from_ort_genai(said, {.prompt_size = 15}); },
               "max_length: 15 is not more than the prompt's 15 tokens");
}

TEST(ort_genai, has_its_own_defaults) {
  EXPECT_EQ(urn::from_ort_genai(json::object()).params, urn::test::greedy());
  EXPECT_EQ(urn::from_ort_genai({{"do_sample", true}}).params, changed([](auto& p) { p.top_k = 50; }));
  EXPECT_EQ(urn::to_ort_genai(urn::test::greedy(), {.context_size = 9}).arguments.dump(),
            R"({"do_sample":false,"repetition_penalty":1.0,"min_length":0,"max_length":9,"random_seed":-1})");
}

TEST(openai, says_what_it_has) {
  const auto wanted = changed([](auto& p) {
    p.max_tokens = 9;
    p.stop = strings{"a", "b", "c", "d", "e"};
    p.logit_bias = {{1, -infinity}, {2, 1.5F}};
    p.logprobs = 30;
    p.temperature = 5;
  });
  const auto chat = urn::to_openai(wanted, openai_api::chat);
  EXPECT_EQ(chat.arguments.dump(),
            R"({"temperature":2.0,"top_p":1.0,"frequency_penalty":0.0,"presence_penalty":0.0,"n":1,)"
            R"("stop":["a","b","c","d"],"logit_bias":{"1":-100.0,"2":2.0},"max_completion_tokens":9,)"
            R"("logprobs":true,"top_logprobs":20})");
  EXPECT_EQ(chat.losses, (losses{{"temperature", "is 2, OpenAI's largest"},
                                 {"stop", "is its first 4 strings: OpenAI takes no more"},
                                 {"logit_bias", "is clamped to [-100, 100]: what was banned may be drawn"},
                                 {"logit_bias", "is rounded: OpenAI's are whole numbers"},
                                 {"logprobs", "is 20, OpenAI's largest"}}));
  const auto completions = urn::to_openai(wanted, openai_api::completions).arguments;
  EXPECT_EQ(completions["max_tokens"], 9);
  EXPECT_EQ(completions["logprobs"], 5);
}

TEST(openai, reads_both_apis) {
  const auto chat = [](const char* text) { return urn::from_openai(json::parse(text), openai_api::chat); };
  EXPECT_EQ(chat("{}").params, sampling_params{});
  EXPECT_EQ(chat(R"({"max_tokens": 3})").params.max_tokens, 3U);
  const auto both = chat(R"({"max_tokens": 3, "max_completion_tokens": 4, "logprobs": true})");
  EXPECT_EQ(both.params.max_tokens, 4U);
  EXPECT_EQ(both.params.logprobs, 0U);
  EXPECT_EQ(both.losses, (losses{{"max_tokens", "is left out: max_completion_tokens is there"}}));
  EXPECT_EQ(chat(R"({"logprobs": false, "top_logprobs": 3})").params.logprobs, std::nullopt);
  EXPECT_EQ(chat(R"({"response_format": {"type": "text"}, "modalities": ["text"], "model": "m"})").losses,
            losses{});
  EXPECT_EQ(chat(R"({"response_format": {"type": "json_object"}})").losses.size(), 1U);
  const auto completions = urn::from_openai(json::parse(R"({"n": 2, "best_of": 2, "top_k": 3})"),
                                            openai_api::completions, on_loss::refuse);
  EXPECT_EQ(completions.params.max_tokens, 16U);
  EXPECT_EQ(completions.unknown, strings{"top_k"}) << "other servers' names are not OpenAI's";
}

}  // namespace

/// With words it speaks, see conversions.hpp; without, it tests.
int main(int count, char** words) {
  testing::InitGoogleTest(&count, words);
  return count > 1 ? urn::test::speak({words + 1, words + count}) : RUN_ALL_TESTS();
}
