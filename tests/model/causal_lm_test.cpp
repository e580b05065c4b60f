#include "urn/model/causal_lm.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <span>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "model/transformer/fixture.hpp"
#include "urn/model/archetype.hpp"
#include "urn/model/transformer.hpp"

namespace {

using namespace urn_test;
using urn::archetype_lm;
using urn::logits_buffer;
using urn::logits_wanted;
using urn::token_id;
using urn::transformer;

// The concept accepts both models, and its parts name what a near-miss lacks.

static_assert(urn::causal_lm<archetype_lm>);
static_assert(urn::causal_lm<transformer>);
static_assert(!urn::causal_lm<int>);

struct complete {
  struct sequence {
    std::size_t size() const { return 0; }
    sequence fork() const { return {}; }
    void truncate(std::size_t) {}
  };
  std::size_t vocabulary_size() const { return 1; }
  std::size_t context_size() const { return 1; }
  sequence make_sequence() const { return {}; }
  void forward(std::span<const urn::forward_item<sequence>>, logits_buffer&) const {}
};
static_assert(urn::causal_lm<complete>);

struct signed_vocabulary_size : complete {
  int vocabulary_size() const { return 1; }
};
static_assert(!urn::has_vocabulary_size<signed_vocabulary_size> && !urn::causal_lm<signed_vocabulary_size>);

struct changing_context_size : complete {
  std::size_t context_size() { return 1; }
};
static_assert(!urn::has_context_size<changing_context_size> && !urn::causal_lm<changing_context_size>);

struct makes_something_else : complete {
  int make_sequence() const { return 0; }
};
static_assert(!urn::makes_sequences<makes_something_else> && !urn::causal_lm<makes_something_else>);

struct changing_forward : complete {
  void forward(std::span<const urn::forward_item<sequence>>, logits_buffer&) {}
};
static_assert(!urn::forwards_batches<changing_forward> && !urn::causal_lm<changing_forward>);

struct forwards_one_item : complete {
  void forward(const urn::forward_item<sequence>&, logits_buffer&) const {}
};
static_assert(!urn::forwards_batches<forwards_one_item> && !urn::causal_lm<forwards_one_item>);

struct sequence_that_forks_into_itself : complete::sequence {
  sequence_that_forks_into_itself& fork() { return *this; }
};
static_assert(urn::model_sequence<complete::sequence> &&
              !urn::model_sequence<sequence_that_forks_into_itself>);

struct sequence_without_truncate {
  std::size_t size() const { return 0; }
  sequence_without_truncate fork() const { return {}; }
};
static_assert(!urn::model_sequence<sequence_without_truncate>);

struct immovable_sequence : complete::sequence {
  immovable_sequence() = default;
  immovable_sequence(immovable_sequence&&) = delete;
  immovable_sequence fork() const { return {}; }
};
static_assert(!urn::model_sequence<immovable_sequence>);

TEST(logits_buffer, is_made_again_without_allocating) {
  logits_buffer out;
  EXPECT_EQ(out.rows(), 0U);
  out.resize(3, 10);
  const float* const start = out.values().data();
  out.resize(1, 10);
  EXPECT_EQ(out.values().size(), 10U);
  out.resize(5, 6);
  EXPECT_EQ(out.values().data(), start);
  EXPECT_EQ(out.rows(), 5U);
  EXPECT_EQ(out.vocabulary_size(), 6U);
  EXPECT_EQ(out.row(4).data(), start + 24);
  EXPECT_EQ(out.row(4).size(), 6U);
}

TEST(forward_item, counts_the_rows_it_asks_for) {
  const std::vector<token_id> tokens{1, 2, 3};
  complete::sequence sequence;
  using item = urn::forward_item<complete::sequence>;
  const std::vector<item> batch{{&sequence, tokens, logits_wanted::none},
                                {&sequence, tokens, logits_wanted::last},
                                {&sequence, tokens, logits_wanted::all}};
  EXPECT_EQ(batch[0].rows(), 0U);
  EXPECT_EQ(batch[1].rows(), 1U);
  EXPECT_EQ(batch[2].rows(), 3U);
  EXPECT_EQ(urn::rows_wanted(std::span(batch)), 4U);
}

// What the concept's words promise, for every model: 128 tokens, a context of 128.

template <class Model>
const Model& model();
template <>
const archetype_lm& model() {
  static const archetype_lm result(128, 128);
  return result;
}
template <>
const transformer& model() {
  static const transformer result = transformer::load(fixture_directory("mistral_window"));
  return result;
}

template <class Model>
class causal_lm : public testing::Test {
 protected:
  using sequence = typename Model::sequence;
  using items = std::vector<urn::forward_item<sequence>>;

  const Model& lm = model<Model>();
  const std::vector<token_id> tokens = read_expectation("llama").input;
  const std::vector<float> logits = forward(lm, tokens);  // a row for each of the tokens

  std::span<const token_id> from(std::size_t first, std::size_t count) const {
    return std::span(tokens).subspan(first, count);
  }
  std::vector<float> rows(std::size_t first, std::size_t count) const {
    return rows_of(logits, lm.vocabulary_size(), first, count);
  }
  sequence make(std::size_t size) const {
    sequence result = lm.make_sequence();
    if (size > 0) forward(lm, result, from(0, size), logits_wanted::none);
    return result;
  }
};
using models = testing::Types<archetype_lm, transformer>;
TYPED_TEST_SUITE(causal_lm, models);

TYPED_TEST(causal_lm, says_its_sizes) {
  EXPECT_EQ(this->lm.vocabulary_size(), 128U);
  EXPECT_EQ(this->lm.context_size(), 128U);
  EXPECT_EQ(this->lm.make_sequence().size(), 0U);
  EXPECT_EQ(this->logits.size(), 64U * 128U);
}

TYPED_TEST(causal_lm, writes_the_wanted_rows_in_order) {
  auto a = this->make(3);
  auto b = this->make(0);
  auto c = this->make(33);
  auto d = this->make(10);
  const typename TestFixture::items batch{{&a, this->from(3, 5), logits_wanted::last},
                                          {&b, this->from(0, 2), logits_wanted::none},
                                          {&c, this->from(33, 4), logits_wanted::all},
                                          {&d, this->from(10, 1), logits_wanted::last}};
  logits_buffer out;
  out.resize(50, 128);
  this->lm.forward(batch, out);
  ASSERT_EQ(out.rows(), 6U);
  ASSERT_EQ(out.vocabulary_size(), 128U);
  EXPECT_EQ(bits(out.row(0)), bits(this->rows(7, 1)));
  EXPECT_EQ(bits(out.values().subspan(128, 512)), bits(this->rows(33, 4)));
  EXPECT_EQ(bits(out.row(5)), bits(this->rows(10, 1)));
  EXPECT_EQ(a.size(), 8U);
  EXPECT_EQ(b.size(), 2U);
  EXPECT_EQ(c.size(), 37U);
  EXPECT_EQ(d.size(), 11U);
}

TYPED_TEST(causal_lm, takes_an_empty_batch) {
  logits_buffer out;
  out.resize(2, 128);
  this->lm.forward({}, out);
  EXPECT_EQ(out.rows(), 0U);
  EXPECT_EQ(out.vocabulary_size(), 128U);
}

TYPED_TEST(causal_lm, forks_are_independent) {
  auto trunk = this->make(20);
  auto branch = trunk.fork();
  EXPECT_EQ(branch.size(), 20U);
  forward(this->lm, branch, this->from(0, 30));
  EXPECT_EQ(trunk.size(), 20U);
  auto second = trunk.fork();
  trunk.truncate(0);
  EXPECT_EQ(bits(forward(this->lm, second, this->from(20, 44))), bits(this->rows(20, 44)));
  branch.truncate(20);
  EXPECT_EQ(bits(forward(this->lm, branch, this->from(20, 44))), bits(this->rows(20, 44)));
  EXPECT_EQ(bits(forward(this->lm, trunk, this->from(0, 64))), bits(this->logits));
}

TYPED_TEST(causal_lm, forks_may_share_a_batch) {
  auto trunk = this->make(20);
  auto branch = trunk.fork();
  const typename TestFixture::items batch{{&branch, this->from(40, 3), logits_wanted::none},
                                          {&trunk, this->from(20, 3), logits_wanted::all}};
  logits_buffer out;
  this->lm.forward(batch, out);
  EXPECT_EQ(bits(out.values()), bits(this->rows(20, 3)));
}

TYPED_TEST(causal_lm, truncate_goes_back) {
  auto state = this->make(40);
  for (const std::size_t kept : {33U, 32U, 31U, 1U, 0U}) {
    state.truncate(kept);
    EXPECT_EQ(state.size(), kept);
    EXPECT_EQ(bits(forward(this->lm, state, this->from(kept, 10))), bits(this->rows(kept, 10)));
  }
  EXPECT_EQ(message_of([&] { state.truncate(11); }), "truncate: no 11 tokens to keep; the sequence holds 10");
  EXPECT_EQ(bits(forward(this->lm, state, this->from(10, 10))), bits(this->rows(10, 10)));
}

TYPED_TEST(causal_lm, sequences_move) {
  auto a = this->make(5);
  auto b = std::move(a);
  EXPECT_EQ(bits(forward(this->lm, b, this->from(5, 5))), bits(this->rows(5, 5)));
  a = this->lm.make_sequence();
  EXPECT_EQ(bits(forward(this->lm, a, this->from(0, 5))), bits(this->rows(0, 5)));
}

TYPED_TEST(causal_lm, answers_several_threads_at_once) {
  std::vector<std::vector<float>> found(4);
  {
    std::vector<std::jthread> threads;
    threads.reserve(found.size());
    for (auto& result : found) threads.emplace_back([&] { result = forward(this->lm, this->tokens); });
  }
  for (const auto& result : found) EXPECT_EQ(bits(result), bits(this->logits));
}

TYPED_TEST(causal_lm, refuses_a_bad_batch_before_anything_changes) {
  auto good = this->make(10);
  auto bad = this->make(10);
  logits_buffer out;
  out.resize(1, 128);
  const auto message_with = [&](typename TestFixture::items batch) {
    batch.insert(batch.begin(), {&good, this->from(10, 1), logits_wanted::last});
    auto message = message_of([&] { this->lm.forward(batch, out); });
    EXPECT_EQ(good.size(), 10U);
    EXPECT_EQ(bad.size(), 10U);
    EXPECT_EQ(out.rows(), 1U);
    return message;
  };
  const std::vector<token_id> above{1, 128};
  const std::vector<token_id> below{-1};
  const std::vector<token_id> too_many(119, 1);
  const std::vector<token_id> just_enough(118, 1);
  EXPECT_EQ(message_with({{nullptr, above, logits_wanted::all}}),
            "forward: item 1: no sequence; point at one made by this model");
  EXPECT_EQ(message_with({{&bad, {}, logits_wanted::none}}), "forward: item 1: no tokens; give at least one");
  EXPECT_EQ(message_with({{&bad, above, logits_wanted::all}}),
            "forward: item 1: token 128 at index 1 is outside the vocabulary; ids are 0 to 127");
  EXPECT_EQ(message_with({{&bad, below, logits_wanted::all}}),
            "forward: item 1: token -1 at index 0 is outside the vocabulary; ids are 0 to 127");
  EXPECT_EQ(message_with({{&bad, too_many, logits_wanted::all}}),
            "forward: item 1: 119 tokens after 10 do not fit into the context; a sequence holds at most 128");
  EXPECT_EQ(message_with({{&bad, just_enough, logits_wanted::none}, {&good, above, logits_wanted::none}}),
            "forward: item 2: token 128 at index 1 is outside the vocabulary; ids are 0 to 127");
  EXPECT_EQ(
      message_with({{&bad, just_enough, logits_wanted::none}, {&good, just_enough, logits_wanted::none}}),
      "forward: item 2: the same sequence as item 0; give a sequence's new tokens in one item, or fork it");
  forward(this->lm, bad, just_enough);
  EXPECT_EQ(bad.size(), 128U);
  EXPECT_EQ(bits(forward(this->lm, good, this->from(10, 5))), bits(this->rows(10, 5)));
}

}  // namespace
