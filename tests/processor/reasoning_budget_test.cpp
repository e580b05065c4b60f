#include "urn/processor/reasoning_budget.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "support/naive_edits.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

using naive::tokens;
using urn::reasoning_budget, urn::reasoning_state, urn::token_id;
using phase = reasoning_state::phase;

const std::vector<float> row{1, 2, 3, 4, 5, 6};

/// The token that is forced, or no_token.
token_id due(const reasoning_state& state) {
  const auto ids = state.next().ids;
  return ids.empty() ? urn::no_token : ids[0];
}

const reasoning_budget think{.begins = {{0}}, .ends = {{1, 2}}, .forced = {3, 1, 2}, .budget = 2};

TEST(reasoning_budget, forces_the_end_when_it_is_used_up) {
  reasoning_state state(think);
  for (const token_id id : {4, 4, 4, 0, 4}) {
    state.accept(id);
    EXPECT_EQ(look::kept(state.next(), row).size(), 6U);
  }
  EXPECT_EQ(state.left(), 1U);
  state.accept(5);
  for (const token_id id : {3, 1, 2}) {
    EXPECT_EQ(state.now(), phase::forcing);
    EXPECT_EQ(look::kept(state.next(), row), tokens{id});
    state.accept(id);
  }
  EXPECT_EQ(state.now(), phase::outside);
  EXPECT_EQ(due(state), urn::no_token);
  state.accept(0);
  EXPECT_EQ(state.left(), 2U);  // a budget of its own
}

TEST(reasoning_budget, ends_by_itself) {
  reasoning_state state(think);
  for (const token_id id : {0, 1, 2}) state.accept(id);
  EXPECT_EQ(state.now(), phase::outside);
  reasoning_state not_yet(think);
  for (const token_id id : {1, 0, 2}) not_yet.accept(id);  // the end's beginning came before
  EXPECT_EQ(not_yet.now(), phase::reasoning);
}

TEST(reasoning_budget, may_have_begun_before) {
  EXPECT_EQ(reasoning_state(think, true).now(), phase::reasoning);
  EXPECT_EQ(due(reasoning_state({.forced = {4}, .budget = 0}, true)), 4);
}

TEST(reasoning_budget, waits_for_the_end_of_a_character) {
  reasoning_state state(think, true);
  state.accept(4);
  state.accept(4, false);
  EXPECT_EQ(state.now(), phase::unfinished);
  EXPECT_EQ(due(state), urn::no_token);
  state.accept(4, false);
  state.accept(4, true);
  EXPECT_EQ(due(state), 3);
}

TEST(reasoning_budget, without_anything_to_force_forces_nothing) {
  reasoning_state state({.begins = {{}, {0}}, .ends = {{}}, .forced = {}, .budget = 0});
  state.accept(0);
  EXPECT_EQ(due(state), urn::no_token);
  state.accept(4);
  EXPECT_EQ(state.now(), phase::outside);
}

TEST(reasoning_budget, what_is_forced_must_be_in_the_vocabulary) {
  const reasoning_state state({.forced = {6}, .budget = 0}, true);
  EXPECT_TRUE(look::refused(look::drawn(state.next(), row), urn::status::bad_argument));
}

/// One line of the fixture, see make.cpp there.
struct recorded {
  reasoning_budget parameters;
  bool begun = false;
  tokens sequence, due;
};

std::vector<recorded> all_recorded() {
  std::vector<recorded> all;
  std::ifstream file(URN_TEST_FIXTURES "/reasoning_budget/llama_cpp.txt");
  for (std::string line; std::getline(file, line);) {
    std::istringstream in(line);
    const auto read = [&](tokens& ids) {
      std::size_t size = 0;
      in >> size;
      ids.resize(size);
      for (token_id& id : ids) in >> id;
    };
    const auto read_all = [&](std::vector<tokens>& lists) {
      std::size_t size = 0;
      in >> size;
      lists.resize(size);
      for (tokens& ids : lists) read(ids);
    };
    recorded one;
    in >> one.parameters.budget >> one.begun;
    read_all(one.parameters.begins);
    read_all(one.parameters.ends);
    read(one.parameters.forced);
    read(one.sequence);
    for (token_id id = 0; in >> id;) one.due.push_back(id);
    EXPECT_EQ(one.due.size(), one.sequence.size() + 1) << line;
    all.push_back(one);
  }
  return all;
}

TEST(reasoning_budget, as_llama_cpp) {
  std::size_t cases = 0, forced = 0;
  for (const recorded& one : all_recorded()) {
    reasoning_state state(one.parameters, one.begun);
    for (std::size_t i = 0; i < one.due.size(); ++i) {
      ASSERT_EQ(due(state), one.due[i]) << "case " << cases << " token " << i;
      forced += one.due[i] >= 0 ? 1 : 0;
      if (i < one.sequence.size()) state.accept(one.sequence[i]);
    }
    ++cases;
  }
  EXPECT_EQ(cases, 400U);
  EXPECT_GT(forced, 500U);
}

TEST(reasoning_budget, rollback_is_never_having_accepted) {
  rows::random_source r(1);
  for (const recorded& one : all_recorded()) {
    const std::size_t size = one.sequence.size(), kept = r.below(size + 1);
    reasoning_state state(one.parameters, one.begun), never(one.parameters, one.begun);
    for (std::size_t i = 0; i < size; ++i) {
      if (i == kept) never = state;
      state.accept(one.sequence[i], r.below(4) != 0);
    }
    if (kept == size) never = state;
    state.rollback(size - kept);
    ASSERT_EQ(state.save(), never.save());
    for (const token_id id : {0, 1, 2, 3, 3, 2, 1, 0}) {
      state.accept(id);
      never.accept(id);
      ASSERT_EQ(due(state), due(never));
    }
    state.rollback(1000);
    EXPECT_EQ(state.save(), reasoning_state(one.parameters, one.begun).save());
  }
}

TEST(reasoning_budget, copies_share_nothing) {
  for (const recorded& one : all_recorded()) {
    reasoning_state state(one.parameters, one.begun);
    for (const token_id id : one.sequence) state.accept(id);
    const std::vector<std::uint32_t> before = state.save();
    reasoning_state copy = state;
    copy.accept(1);
    copy.rollback(3);
    ASSERT_EQ(state.save(), before);
    const auto due_of_gone = [](reasoning_state other) { return due(other); };
    EXPECT_EQ(due_of_gone(state), due(state));
  }
}

TEST(reasoning_budget, restores_what_it_saved_and_refuses_the_rest) {
  for (const recorded& one : all_recorded()) {
    reasoning_state state(one.parameters, one.begun), other(one.parameters);
    for (const token_id id : one.sequence) state.accept(id);
    std::vector<std::uint32_t> saved = state.save();
    ASSERT_TRUE(other.restore(saved));
    EXPECT_EQ(other.save(), saved);
    EXPECT_EQ(due(other), due(state));
    other.rollback(1);
    state.rollback(1);
    EXPECT_EQ(due(other), due(state));
    const std::vector<std::uint32_t> now = state.save();
    saved.push_back(0);
    EXPECT_FALSE(state.restore(saved));
    saved.pop_back();
    saved[0] = 4;
    EXPECT_FALSE(state.restore(saved));
    saved[0] = 1;
    saved[1] = one.parameters.budget + 1;
    EXPECT_FALSE(state.restore(saved));
    EXPECT_FALSE(state.restore({}));
    EXPECT_EQ(state.save(), now);
  }
}

}  // namespace
