#pragma once
/// \file
/// An expectation on what an error says.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "urn/core/error.hpp"

namespace urn::test {

/// `action` throws urn::error, and its text is exactly `expected`.
template <class Action>
void expect_error(Action&& action, std::string_view expected) {
  try {
    action();
    ADD_FAILURE() << "no error; expected: " << expected;
  } catch (const error& thrown) {
    EXPECT_EQ(std::string_view(thrown.what()), expected);
  }
}

/// `action` throws urn::error, and its text contains `expected`.
template <class Action>
void expect_error_with(Action&& action, std::string_view expected) {
  try {
    action();
    ADD_FAILURE() << "no error; expected: " << expected;
  } catch (const error& thrown) {
    EXPECT_NE(std::string_view(thrown.what()).find(expected), std::string_view::npos)
        << thrown.what() << "\ndoes not contain: " << expected;
  }
}

/// Opening `path` fails, and the text is exactly "<path>: <problem>".
template <class File>
void expect_open_error(const std::filesystem::path& path, std::string_view problem) {
  expect_error([&] { File::open(path); }, path.string() + ": " + std::string(problem));
}

}  // namespace urn::test
