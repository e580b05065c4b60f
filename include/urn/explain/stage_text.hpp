#pragma once
/// \file
/// stage_text: a stage in words, its type's name and its parameters: "top_k{40}".

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "urn/processor/min_keep.hpp"
#include "urn/processor/stage.hpp"

namespace urn {
namespace detail {

/// The part of a type's name before its template arguments and behind its namespaces.
constexpr std::string_view short_name(std::string_view name) {
  name = name.substr(0, name.find('<', 1));
  const std::size_t colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

/// The name that the compiler has for T: "... [with T = urn::top_k; ...]" or "... [T = urn::top_k]".
template <class T>
constexpr std::string_view type_name() {
  std::string_view said = __PRETTY_FUNCTION__;
  said.remove_prefix(said.find("T = ") + 4);
  return short_name(said.substr(0, said.find_first_of(";]")));
}

/// What any parameter can be made from, for counting them.
struct anything {
  template <class T>
  constexpr operator T() const noexcept;  // NOLINT(google-explicit-constructor): never called, only named
};

inline constexpr std::size_t most_fields = 8;

template <class T, std::size_t... I>
constexpr bool takes(std::index_sequence<I...>) {
  return requires { T{((void)I, anything{})...}; };
}

/// How many parameters an aggregate has; 0 of what is none, or has more than 8.
template <class T, std::size_t N = most_fields + 1>
constexpr std::size_t field_count() {
  if constexpr (!std::is_aggregate_v<T> || N == 0) {
    return 0;
  } else if constexpr (takes<T>(std::make_index_sequence<N>{})) {
    return N > most_fields ? 0 : N;
  } else {
    return field_count<T, N - 1>();
  }
}

/// Calls use(parameters...).
template <class T, class Use>
constexpr decltype(auto) with_fields(const T& all, Use&& use) {
  constexpr std::size_t n = field_count<T>();
  if constexpr (n == 1) {
    const auto& [a] = all;
    return use(a);
  } else if constexpr (n == 2) {
    const auto& [a, b] = all;
    return use(a, b);
  } else if constexpr (n == 3) {
    const auto& [a, b, c] = all;
    return use(a, b, c);
  } else if constexpr (n == 4) {
    const auto& [a, b, c, d] = all;
    return use(a, b, c, d);
  } else if constexpr (n == 5) {
    const auto& [a, b, c, d, e] = all;
    return use(a, b, c, d, e);
  } else if constexpr (n == 6) {
    const auto& [a, b, c, d, e, f] = all;
    return use(a, b, c, d, e, f);
  } else if constexpr (n == 7) {
    const auto& [a, b, c, d, e, f, g] = all;
    return use(a, b, c, d, e, f, g);
  } else if constexpr (n == 8) {
    const auto& [a, b, c, d, e, f, g, h] = all;
    return use(a, b, c, d, e, f, g, h);
  } else {
    return use();
  }
}

/// "name{said, ...}", without the last of what goes without saying.
inline std::string joined(std::string_view name, std::span<const std::string> said,
                          std::span<const std::string> unsaid) {
  std::size_t n = said.size();
  while (n > 1 && n <= unsaid.size() && said[n - 1] == unsaid[n - 1]) --n;
  std::string text = std::string(name) + "{" + said[0];
  for (std::size_t i = 1; i < n; ++i) text += ", " + said[i];
  return text + "}";
}

template <class Number>
std::string number_text(Number x) {
  std::array<char, 64> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), x).ptr};
}

}  // namespace detail

/// See below.
template <pipeline_stage Stage>
std::string stage_text(const Stage& stage);

/// A parameter: a number as short as it can be read back, "all" for the largest size, a list as its length,
/// "[3]".
template <class T>
std::string parameter_text(const T& value) {
  if constexpr (pipeline_stage<T>) {
    return stage_text(value);
  } else if constexpr (std::same_as<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_enum_v<T>) {
    return detail::number_text(static_cast<int>(value));
  } else if constexpr (std::same_as<T, std::size_t>) {
    return value == std::numeric_limits<T>::max() ? "all" : detail::number_text(value);
  } else if constexpr (std::is_arithmetic_v<T>) {
    return detail::number_text(value);
  } else if constexpr (requires { value.size(); }) {
    return std::string("[") + detail::number_text(static_cast<std::size_t>(value.size())) + "]";
  } else {
    return "..";
  }
}

namespace detail {

/// The name of an aggregate and its parameters.
template <class Stage>
std::string aggregate_text(const Stage& stage) {
  const auto in_words = [](const auto&... values) {
    return std::array<std::string, sizeof...(values)>{parameter_text(values)...};
  };
  const auto said = with_fields(stage, in_words);
  if constexpr (std::is_default_constructible_v<Stage>) {
    return joined(type_name<Stage>(), said, with_fields(Stage{}, in_words));
  } else {
    return joined(type_name<Stage>(), said, {});
  }
}

}  // namespace detail

/// The stage's type, without namespaces, and its parameters in their order, without the last ones that have
/// their default: "penalties{1.1, 0, 0.5}". Parameters are those of an aggregate, up to 8; what is none, or
/// has private members, has its name alone. Pipelines are their stages, joined by " | ".
template <pipeline_stage Stage>
std::string stage_text(const Stage& stage) {
  if constexpr (stage_is<Stage, composition>) {
    return stage_text(stage.left) + " | " + stage_text(stage.right);
  } else if constexpr (detail::field_count<Stage>() == 0) {
    return std::string(detail::type_name<Stage>());
  } else {
    return detail::aggregate_text(stage);
  }
}
/// One token is what every cut keeps: min_keep{1, cut} is the cut.
template <class Cut>
std::string stage_text(const min_keep<Cut>& stage) {
  return stage.count > 1 ? detail::aggregate_text(stage) : stage_text(stage.inner);
}

}  // namespace urn
