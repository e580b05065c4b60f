#include "urn/client/future.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <coroutine>
#include <exception>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using urn::awaitable;
using urn::failure;
using urn::future;
using urn::promise;
using urn::request_error;

template <class Action>
std::optional<failure> failure_of(Action&& action) {
  try {
    action();
  } catch (const request_error& thrown) {
    return thrown.kind();
  }
  return {};
}

TEST(future, gives_the_value_once) {
  const promise<std::string> answer;
  future<std::string> value = answer.get_future();
  EXPECT_TRUE(value.valid());
  EXPECT_FALSE(value.ready());
  EXPECT_FALSE(value.wait_for(std::chrono::milliseconds(1)));
  answer.set_value("yes");
  EXPECT_TRUE(value.ready());
  EXPECT_EQ(value.get(), "yes");
  EXPECT_FALSE(value.valid());
  EXPECT_THROW(value.get(), urn::error);
  EXPECT_THROW(value.wait(), urn::error);
}

TEST(future, takes_what_can_only_be_moved) {
  const promise<std::unique_ptr<int>> answer;
  auto value = answer.get_future();
  answer.set_value(std::make_unique<int>(3));
  EXPECT_EQ(*value.get(), 3);
}

TEST(future, throws_the_error) {
  const promise<int> answer;
  auto value = answer.get_future();
  answer.set_error(request_error(failure::overloaded, "queue", "full"));
  EXPECT_EQ(failure_of([&] { value.get(); }), failure::overloaded);
}

TEST(future, the_first_answer_counts) {
  const promise<int> answer;
  auto value = answer.get_future();
  answer.set_value(1);
  answer.set_value(2);
  answer.set_error(request_error(failure::model, "", "late"));
  EXPECT_EQ(value.get(), 1);
}

TEST(future, a_promise_that_is_dropped_ends_with_shut_down) {
  std::optional<promise<int>> answer(std::in_place);
  auto value = answer->get_future();
  auto copy = std::optional(*answer);
  answer.reset();
  EXPECT_FALSE(value.ready());
  copy.reset();
  EXPECT_EQ(failure_of([&] { value.get(); }), failure::shut_down);
}

TEST(future, dropping_it_cancels) {
  const promise<int> answer;
  {
    future<int> first = answer.get_future();
    const future<int> second = std::move(first);
    EXPECT_FALSE(answer.cancel_token().stop_requested());
  }
  EXPECT_TRUE(answer.cancel_token().stop_requested());
  answer.set_value(1);  // nobody is there
}

TEST(future, assigning_to_it_drops_what_it_was) {
  const promise<int> first;
  const promise<int> second;
  auto value = first.get_future();
  value = second.get_future();
  EXPECT_TRUE(first.cancel_token().stop_requested());
  EXPECT_FALSE(second.cancel_token().stop_requested());
}

TEST(future, dropping_it_after_the_answer_cancels_nothing) {
  const promise<int> answer;
  {
    const auto value = answer.get_future();
    answer.set_value(1);
  }
  EXPECT_FALSE(answer.cancel_token().stop_requested());
}

TEST(future, is_cancelled_by_hand_and_by_another_token) {
  const promise<int> by_hand;
  auto value = by_hand.get_future();
  value.cancel();
  EXPECT_TRUE(by_hand.cancel_token().stop_requested());
  std::stop_source other;
  const promise<int> by_token(other.get_token());
  EXPECT_FALSE(by_token.cancel_token().stop_requested());
  other.request_stop();
  EXPECT_TRUE(by_token.cancel_token().stop_requested());
}

TEST(future, no_wake_up_is_lost) {
  for (int i = 0; i < 2000; ++i) {
    promise<int> answer;
    auto value = answer.get_future();
    std::thread backend([answer = std::move(answer), i] { answer.set_value(i); });
    EXPECT_EQ(value.get(), i);
    backend.join();
  }
}

/// The simplest coroutine type: runs at once, destroys itself at its end.
struct detached {
  struct promise_type {
    static detached get_return_object() { return {}; }
    static std::suspend_never initial_suspend() noexcept { return {}; }
    static std::suspend_never final_suspend() noexcept { return {}; }
    static void return_void() {}
    static void unhandled_exception() { std::terminate(); }
  };
};

/// A coroutine that its owner destroys.
struct owned {
  struct promise_type {
    owned get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    static std::suspend_never initial_suspend() noexcept { return {}; }
    static std::suspend_always final_suspend() noexcept { return {}; }
    static void return_void() {}
    static void unhandled_exception() { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
};

detached note(awaitable<int> answer, std::atomic<int>& value) {
  try {
    value = co_await answer;
  } catch (const request_error& thrown) {
    value = -1 - static_cast<int>(thrown.kind());
  }
}

owned wait_for(future<int> answer, std::atomic<int>& value) {
  value = co_await awaitable<int>(std::move(answer));
}

TEST(awaitable, resumes_in_the_thread_that_answers) {
  const promise<int> answer;
  std::atomic<int> value = 0;
  note(answer.get_future(), value);
  EXPECT_EQ(value, 0);
  std::thread([&] { answer.set_value(5); }).join();
  EXPECT_EQ(value, 5);
}

TEST(awaitable, does_not_suspend_where_the_answer_is_there) {
  const promise<int> answer;
  std::atomic<int> value = 0;
  auto later = answer.get_future();
  answer.set_value(6);
  note(std::move(later), value);
  EXPECT_EQ(value, 6);
}

TEST(awaitable, throws_the_error) {
  const promise<int> answer;
  std::atomic<int> value = 0;
  note(answer.get_future(), value);
  answer.set_error(request_error(failure::deadline, "", "late"));
  EXPECT_EQ(value, -1 - static_cast<int>(failure::deadline));
}

TEST(awaitable, gives_its_answer_once) {
  const promise<int> answer;
  answer.set_value(1);
  awaitable<int> value(answer.get_future());
  EXPECT_EQ(value.await_resume(), 1);
  EXPECT_THROW(static_cast<void>(value.await_ready()), urn::error);
}

TEST(awaitable, dropping_it_cancels) {
  const promise<int> answer;
  { const awaitable<int> value(answer.get_future()); }
  EXPECT_TRUE(answer.cancel_token().stop_requested());
}

TEST(awaitable, a_suspended_coroutine_may_be_destroyed) {
  const promise<int> answer;
  std::atomic<int> value = 0;
  const owned coroutine = wait_for(answer.get_future(), value);
  coroutine.handle.destroy();
  EXPECT_TRUE(answer.cancel_token().stop_requested());
  answer.set_value(7);
  EXPECT_EQ(value, 0);
}

TEST(awaitable, no_wake_up_is_lost) {
  for (int i = 1; i <= 2000; ++i) {
    promise<int> answer;
    std::atomic<int> value = 0;
    auto later = answer.get_future();
    std::thread backend([answer = std::move(answer), i] { answer.set_value(i); });
    note(std::move(later), value);
    backend.join();
    EXPECT_EQ(value, i);
  }
}

TEST(future, keeps_a_listeners_outcome) {
  const promise<urn::sample_response> good;
  auto response = good.get_future();
  urn::keeps(good).done(urn::sample_response{.id = "a"});
  EXPECT_EQ(response.get().id, "a");
  const promise<urn::sample_response> bad;
  auto nothing = bad.get_future();
  urn::keeps(bad).done(request_error(failure::invalid, "", "wrong"));
  EXPECT_EQ(failure_of([&] { nothing.get(); }), failure::invalid);
}

}  // namespace
