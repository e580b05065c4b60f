#include "urn/client/sampling_client.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <coroutine>
#include <filesystem>
#include <future>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace {

using urn::model_input;

const std::filesystem::path model_path =
    std::filesystem::path(URN_TEST_FIXTURES) / "../../examples/default_model";

/// One client for all tests: it is thread-safe and keeps nothing between requests but its cache.
urn::sampling_client<>& client() {
  static auto shared = urn::sampling_client<>::create({.model_path = model_path});
  return shared;
}

/// ln softmax of each token given those before it, in double, straight from the model's logits.
std::vector<double> score(const std::vector<urn::token_id>& tokens) {
  auto past = client().model().make_sequence();
  urn::logits_buffer logits;
  const urn::forward_item<urn::transformer::sequence> item{&past, tokens, urn::logits_wanted::all};
  client().model().forward({&item, 1}, logits);
  std::vector<double> result{0.0};
  for (std::size_t i = 1; i < tokens.size(); ++i) {
    const auto row = std::as_const(logits).row(i - 1);
    double sum = 0;
    for (const float l : row) sum += std::exp(static_cast<double>(l));
    result.push_back(static_cast<double>(row[static_cast<std::size_t>(tokens[i])]) - std::log(sum));
  }
  return result;
}

/// The kind and message of the request_error that a future ends with.
template <class T>
std::pair<urn::failure, std::string> failure_of(urn::future<T> future) {
  try {
    future.get();
  } catch (const urn::request_error& e) {
    return {e.kind(), e.what()};
  }
  return {urn::failure::model, "no error"};
}

/// A coroutine that runs at once and leaves its result in a std::future.
template <class T>
struct task {
  struct promise_type {
    std::promise<T> result;
    task get_return_object() { return {result.get_future()}; }
    static std::suspend_never initial_suspend() noexcept { return {}; }
    static std::suspend_never final_suspend() noexcept { return {}; }
    void return_value(T value) { result.set_value(std::move(value)); }
    void unhandled_exception() { result.set_exception(std::current_exception()); }
  };
  std::future<T> result;
};

task<urn::sample_response> sample_in_coroutine(std::string text, urn::sampling_params params) {
  co_return co_await client().sample_async(model_input::from_text(std::move(text)), std::move(params), 2);
}

task<urn::prompt_logprobs> score_in_coroutine(std::string text) {
  co_return co_await client().compute_logprobs_async(model_input::from_text(std::move(text)));
}

TEST(sampling_client, every_field_of_a_response_is_what_it_says) {
  const urn::sample_response response =
      client()
          .sample(model_input::from_text("ROMEO\tBut"),
                  {.max_tokens = 20, .seed = 5, .temperature = 0.8F, .top_p = 0.9F, .logprobs = 3}, 4, true,
                  2)
          .get();
  EXPECT_EQ(response.seed, 5U);
  EXPECT_EQ(response.prompt_tokens, client().words()->encode("ROMEO\tBut"));
  ASSERT_EQ(response.sequences.size(), 4U);
  ASSERT_EQ(response.prompt_logprobs.size(), response.prompt_tokens.size());
  ASSERT_EQ(response.topk_prompt_logprobs.size(), response.prompt_tokens.size());
  EXPECT_FALSE(response.prompt_logprobs[0]);
  EXPECT_TRUE(response.topk_prompt_logprobs[0].empty());
  EXPECT_EQ(response.topk_prompt_logprobs[1].size(), 2U);
  EXPECT_GT(response.timing.total, 0.0);
  EXPECT_GE(response.timing.total, response.timing.first_token);
  for (const urn::sampled_sequence& s : response.sequences) {
    EXPECT_LE(s.tokens.size(), 20U);
    EXPECT_EQ(s.text, client().words()->decode(s.tokens));
    EXPECT_EQ(s.logprobs.size(), s.tokens.size());
    EXPECT_EQ(s.sampling_logprobs.size(), s.tokens.size());
    EXPECT_EQ(s.ranks.size(), s.tokens.size());
    ASSERT_EQ(s.top_logprobs.size(), s.tokens.size());
    for (std::size_t i = 0; i < s.tokens.size(); ++i) {
      EXPECT_EQ(s.top_logprobs[i].size(), 3U);
      EXPECT_GE(s.top_logprobs[i][0].logprob, s.logprobs[i]);
    }
  }
}

TEST(sampling_client, logprobs_are_those_of_the_models_logits) {
  const urn::sample_response response =
      client().sample(model_input::from_text("HAMLET\tTo be"), {.max_tokens = 30, .seed = 2}, 2, true).get();
  for (const urn::sampled_sequence& s : response.sequences) {
    std::vector<urn::token_id> all = response.prompt_tokens;
    all.insert(all.end(), s.tokens.begin(), s.tokens.end());
    const std::vector<double> expected = score(all);
    for (std::size_t i = 1; i < response.prompt_tokens.size(); ++i) {
      EXPECT_NEAR(static_cast<double>(response.prompt_logprobs[i].value()), expected[i], 1e-5);
    }
    for (std::size_t i = 0; i < s.tokens.size(); ++i) {
      EXPECT_NEAR(static_cast<double>(s.logprobs[i]), expected[response.prompt_tokens.size() + i], 1e-5);
      EXPECT_NEAR(static_cast<double>(s.sampling_logprobs[i]), static_cast<double>(s.logprobs[i]), 1e-5)
          << "nothing was changed, so both are the model's";
    }
  }
}

TEST(sampling_client, compute_logprobs_adds_up_to_the_likelihood) {
  const std::string text = "JULIET\tO Romeo, Romeo! wherefore art thou Romeo?";
  const urn::prompt_logprobs logprobs = client().compute_logprobs(model_input::from_text(text)).get();
  const std::vector<double> expected = score(client().words()->encode(text));
  ASSERT_EQ(logprobs.size(), expected.size());
  EXPECT_FALSE(logprobs[0]);
  double sum = 0;
  for (std::size_t i = 1; i < logprobs.size(); ++i) sum += static_cast<double>(logprobs[i].value());
  EXPECT_NEAR(sum, std::accumulate(expected.begin(), expected.end(), 0.0),
              1e-5 * static_cast<double>(expected.size()));
}

TEST(sampling_client, the_async_twins_give_the_same) {
  const urn::sampling_params params{.max_tokens = 12, .seed = 9, .temperature = 0.7F};
  const auto waited = client().sample(model_input::from_text("KING\t"), params, 2).get();
  const auto awaited = sample_in_coroutine("KING\t", params).result.get();
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(awaited.sequences[i].tokens, waited.sequences[i].tokens);
  EXPECT_EQ(score_in_coroutine("KING\tand").result.get(),
            client().compute_logprobs(model_input::from_text("KING\tand")).get());
}

TEST(sampling_client, a_stream_tells_what_the_response_holds) {
  urn::event_stream stream = client().stream(model_input::from_text("KING\t"), {.max_tokens = 15, .seed = 1});
  std::string text;
  std::vector<urn::token_id> tokens;
  for (const urn::stream_event& event : stream) {
    text += event.text;
    tokens.push_back(event.token);
  }
  const urn::sample_response response = stream.response();
  EXPECT_EQ(response.sequences[0].tokens, tokens);
  EXPECT_EQ(response.sequences[0].text, text);
}

TEST(sampling_client, stops_say_what_matched) {
  const auto sample = [](urn::stop_condition stop, bool include = false) {
    return client()
        .sample(model_input::from_text("ROMEO\t"),
                {.max_tokens = 200, .seed = 4, .stop = std::move(stop), .include_stop_in_output = include})
        .get()
        .sequences[0];
  };
  const urn::sampled_sequence cut = sample(std::string("\n"));
  EXPECT_EQ(cut.reason, urn::finish_reason::stop);
  EXPECT_EQ(cut.matched_text, "\n");
  EXPECT_EQ(cut.text.find('\n'), std::string::npos);
  EXPECT_EQ(sample(std::vector<std::string>{"@@", "\n"}, true).text, cut.text + "\n");
  const urn::token_id newline = client().words()->encode("\n")[0];
  EXPECT_EQ(sample(std::vector<urn::token_id>{newline}).matched_token, newline);
  EXPECT_EQ(client()
                .sample(model_input::from_text("ROMEO\t"), {.max_tokens = 3, .seed = 4})
                .get()
                .sequences[0]
                .reason,
            urn::finish_reason::length);
}

TEST(sampling_client, zero_temperature_is_greedy) {
  const auto prompt = model_input::from_text("ROMEO\t");
  const auto once = client().sample(prompt, {.max_tokens = 10, .seed = 1, .temperature = 0.0F}).get();
  const auto again =
      client().sample(prompt, {.max_tokens = 10, .seed = 2, .temperature = 0.0F, .top_k = 5}).get();
  EXPECT_EQ(once.sequences[0].tokens, again.sequences[0].tokens);
  for (const float l : once.sequences[0].sampling_logprobs) EXPECT_EQ(l, 0.0F);
}

TEST(sampling_client, refuses_bad_input_by_name) {
  const auto text = model_input::from_text("ROMEO\t");
  const auto refusal = [&](urn::sampling_params params, const model_input& prompt) {
    const auto [kind, message] = failure_of(client().sample(prompt, std::move(params)));
    EXPECT_EQ(kind, urn::failure::invalid) << message;
    return message;
  };
  const auto names = [](const std::string& message, const std::string& part) {
    return message.find(part) != std::string::npos;
  };
  EXPECT_PRED2(names, refusal({.top_p = 0.0F}, text), "top_p");
  EXPECT_PRED2(names, refusal({.top_p = std::nanf("")}, text), "top_p");
  EXPECT_PRED2(names, refusal({.top_k = -5}, text), "top_k");
  EXPECT_PRED2(names, refusal({.stop = std::string()}, text), "stop");
  EXPECT_PRED2(names, refusal({.temperature = -1.0F, .min_p = 2.0F}, text), "temperature");
  EXPECT_PRED2(names, refusal({.temperature = -1.0F, .min_p = 2.0F}, text), "min_p");
  EXPECT_PRED2(names, refusal({}, model_input()), "prompt");
  EXPECT_PRED2(names, refusal({}, model_input::from_ints({1, 99999})), "99999");
  EXPECT_PRED2(names, refusal({}, model_input::from_ints(std::vector<urn::token_id>(600, 5))), "prompt");
  EXPECT_PRED2(names, refusal({}, model_input::from_messages({{.role = "user", .content = "Hi"}})),
               "template");
}

TEST(sampling_client, says_how_to_get_a_model_that_is_not_there) {
  try {
    urn::sampling_client<>::create({.base_model = "nobody/nothing"});
    FAIL() << "there is no such model";
  } catch (const urn::error& e) {
    EXPECT_NE(std::string(e.what()).find("nobody/nothing"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("hf download"), std::string::npos) << e.what();
  }
}

TEST(sampling_client, with_retries_it_gives_the_same) {
  auto patient = urn::sampling_client<>::create({.model_path = model_path, .retry = urn::retry_config{}});
  const urn::sampling_params params{.max_tokens = 8, .seed = 3};
  EXPECT_EQ(patient.sample(model_input::from_text("KING\t"), params).get().sequences[0].tokens,
            client().sample(model_input::from_text("KING\t"), params).get().sequences[0].tokens);
}

TEST(sampling_client, its_end_ends_what_is_in_flight) {
  std::vector<urn::future<urn::sample_response>> futures;
  {
    auto brief = urn::sampling_client<>::create({.model_path = model_path});
    auto moved = std::move(brief);
    for (int i = 0; i < 20; ++i) {
      futures.push_back(
          moved.sample(model_input::from_text("KING\t"), {.max_tokens = 400, .ignore_eos = true}));
    }
  }
  for (auto& f : futures) EXPECT_EQ(failure_of(std::move(f)).first, urn::failure::shut_down);
}

}  // namespace
