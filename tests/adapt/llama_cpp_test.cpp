// A pipeline as a llama_sampler, over a stand-in for llama.cpp: see llama_stub/llama.h.
#include "urn/adapt/llama_cpp.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "urn/urn.hpp"

namespace {

constexpr std::size_t vocabulary = 3000;
constexpr auto pipeline = urn::penalties{.repetition = 1.3F} | urn::temperature{0.8F} | urn::top_k{40} |
                          urn::top_p{0.95F} | urn::categorical{} | urn::logprobs{};

std::vector<float> some_logits(std::uint32_t step) {
  std::vector<float> logits(vocabulary);
  for (std::uint32_t i = 0; i < vocabulary; ++i) {
    logits[i] = static_cast<float>((i * 2654435761U + step * 40503U) >> 20) / 400.0F;
  }
  return logits;
}

std::vector<llama_token_data> candidates_of(const std::vector<float>& logits) {
  std::vector<llama_token_data> all;
  for (std::size_t i = 0; i < logits.size(); ++i)
    all.push_back({static_cast<llama_token>(i), logits[i], 0.0F});
  return all;
}

struct free_sampler {
  void operator()(llama_sampler* s) const { llama_sampler_free(s); }
};
using owned = std::unique_ptr<llama_sampler, free_sampler>;

owned make(std::uint64_t seed = 42) {
  return owned(urn::make_llama_sampler(urn::scalar, pipeline,
                                       {.vocabulary = vocabulary, .seed = seed, .context = 64}));
}

/// The token that stands where the sampler says; no_token for nowhere.
urn::token_id drawn_from(llama_sampler* sampler, std::vector<llama_token_data> candidates) {
  llama_token_data_array all{candidates.data(), candidates.size(), -1, false};
  llama_sampler_apply(sampler, &all);
  EXPECT_EQ(all.data, candidates.data());
  EXPECT_EQ(all.size, candidates.size());
  if (all.selected < 0) return urn::no_token;
  return candidates.at(static_cast<std::size_t>(all.selected)).id;
}

urn::token_id draw_and_accept(llama_sampler* sampler, std::uint32_t step) {
  const urn::token_id token = drawn_from(sampler, candidates_of(some_logits(step)));
  llama_sampler_accept(sampler, token);
  return token;
}

/// What the pipeline draws for some steps, from its own history.
std::vector<urn::token_id> expected(std::uint32_t steps, std::uint64_t seed = 42) {
  urn::workspace scratch(vocabulary);
  std::vector<urn::token_id> history;
  for (std::uint32_t step = 0; step < steps; ++step) {
    const urn::draw_context context{.history = history, .seed = seed, .step = step};
    history.push_back(pipeline(urn::scalar, some_logits(step), context, scratch).token);
  }
  return history;
}

TEST(LlamaCpp, DrawsWhatThePipelineDraws) {
  const owned sampler = make();
  std::vector<urn::token_id> drawn;
  for (std::uint32_t step = 0; step < 100; ++step) drawn.push_back(draw_and_accept(sampler.get(), step));
  EXPECT_EQ(drawn, expected(100));
  EXPECT_EQ(urn::last_draw(sampler.get()).token, drawn.back());
  EXPECT_EQ(urn::last_draw(sampler.get()).status, urn::status::ok);
  EXPECT_LE(urn::last_draw(sampler.get()).logprob, 0.0F);
  EXPECT_STREQ(llama_sampler_name(sampler.get()), "urn");
}

TEST(LlamaCpp, TakesItsWordsFromTheCaller) {
  constexpr std::size_t n_vocab = vocabulary, n_ctx = 64;
  // [make]
  llama_sampler* sampler =
      urn::make_llama_sampler(urn::scalar, urn::temperature{0.8F} | urn::top_p{0.95F} | urn::categorical{},
                              {.vocabulary = n_vocab, .seed = 42, .context = n_ctx});
  // [/make]
  const owned freed{sampler};
  EXPECT_GE(draw_and_accept(sampler, 0), 0);
}

TEST(LlamaCpp, SortedOrCutCandidates) {
  const std::vector<float> logits = some_logits(0);
  std::vector<llama_token_data> sorted = candidates_of(logits);
  std::stable_sort(sorted.begin(), sorted.end(), [](auto& a, auto& b) { return a.logit > b.logit; });
  EXPECT_EQ(drawn_from(make().get(), sorted), expected(1).front());

  std::reverse(sorted.begin(), sorted.end());
  EXPECT_EQ(drawn_from(make().get(), sorted), expected(1).front());

  std::vector<float> left(vocabulary, urn::exact::minus_infinity);
  std::erase_if(sorted, [](const llama_token_data& c) { return c.id % 7 != 3; });
  for (const llama_token_data& c : sorted) left[static_cast<std::size_t>(c.id)] = c.logit;
  urn::workspace scratch(vocabulary);
  const urn::token_id token = drawn_from(make().get(), sorted);
  EXPECT_EQ(token, pipeline(urn::scalar, left, {.seed = 42}, scratch).token);
  EXPECT_EQ(token % 7, 3);
}

TEST(LlamaCpp, CloneGoesOnAlone) {
  const owned sampler = make();
  const std::vector<urn::token_id> all = expected(20);
  for (std::uint32_t step = 0; step < 10; ++step) draw_and_accept(sampler.get(), step);
  const owned copy{llama_sampler_clone(sampler.get())};
  for (std::uint32_t step = 10; step < 20; ++step) EXPECT_EQ(draw_and_accept(copy.get(), step), all[step]);
  for (std::uint32_t step = 10; step < 20; ++step) EXPECT_EQ(draw_and_accept(sampler.get(), step), all[step]);
}

TEST(LlamaCpp, ResetStartsAgain) {
  const owned sampler = make();
  for (std::uint32_t step = 0; step < 10; ++step) draw_and_accept(sampler.get(), step);
  llama_sampler_reset(sampler.get());
  EXPECT_EQ(urn::last_draw(sampler.get()).token, urn::no_token);
  const std::vector<urn::token_id> all = expected(10);
  for (std::uint32_t step = 0; step < 10; ++step) EXPECT_EQ(draw_and_accept(sampler.get(), step), all[step]);
}

TEST(LlamaCpp, WithoutATokenNothingIsSelected) {
  const owned sampler = make();
  EXPECT_EQ(
      drawn_from(sampler.get(), candidates_of(std::vector<float>(vocabulary, urn::exact::minus_infinity))),
      urn::no_token);
  EXPECT_TRUE(has(urn::last_draw(sampler.get()).status, urn::status::empty));
  EXPECT_EQ(drawn_from(sampler.get(), {}), urn::no_token);
  for (const llama_token outside : {-1, static_cast<llama_token>(vocabulary)}) {
    EXPECT_EQ(drawn_from(sampler.get(), {{0, 1.0F, 0.0F}, {outside, 2.0F, 0.0F}}), urn::no_token);
    EXPECT_TRUE(has(urn::last_draw(sampler.get()).status, urn::status::bad_argument));
  }
}

/// A sampler of one's own, whose state is copied and reset with it.
struct alternating {
  urn::token_id next = 0;
  urn::draw operator()(std::span<const float>, const urn::draw_context&, urn::workspace&) {
    return {.token = std::exchange(next, 1 - next)};
  }
};

TEST(LlamaCpp, SamplersWithStateAndAnyPipelines) {
  const owned sampler{urn::make_llama_sampler(alternating{}, {.vocabulary = vocabulary})};
  EXPECT_EQ(draw_and_accept(sampler.get(), 0), 0);
  const owned copy{llama_sampler_clone(sampler.get())};
  EXPECT_EQ(draw_and_accept(sampler.get(), 1), 1);
  EXPECT_EQ(draw_and_accept(copy.get(), 1), 1);
  llama_sampler_reset(copy.get());
  EXPECT_EQ(draw_and_accept(copy.get(), 0), 0);

  urn::any_pipeline<> any;
  ASSERT_EQ(any.append(pipeline), urn::misplaced::no);
  const owned erased{urn::make_llama_sampler(any, {.vocabulary = vocabulary, .seed = 42})};
  const std::vector<urn::token_id> all = expected(5);
  for (std::uint32_t step = 0; step < 5; ++step) EXPECT_EQ(draw_and_accept(erased.get(), step), all[step]);
}

}  // namespace
