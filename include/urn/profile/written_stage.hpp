#pragma once
/// \file
/// Stages as text: "penalties(repetition=1.1,window=64);temperature=0.8;top_k=40".

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "urn/core/error.hpp"

namespace urn::profile {

/// A stage by its name, with the values of some of its parameters. A parameter without a name is the first.
struct written_stage {
  std::string name;
  std::vector<std::pair<std::string, std::string>> parameters;
  friend bool operator==(const written_stage&, const written_stage&) = default;
};

namespace detail {

inline std::string_view trimmed(std::string_view text) {
  constexpr std::string_view spaces = " \t\r\n";
  const std::size_t first = text.find_first_not_of(spaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

/// Calls use(part) for what stands between the separators, without the spaces around it; empty parts not.
template <class Use>
void for_each_part(std::string_view text, char separator, Use&& use) {
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    const std::string_view part = trimmed(text.substr(0, end));
    if (!part.empty()) use(part);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

/// "name=value", or a value alone.
inline std::pair<std::string, std::string> parameter_of(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return {"", std::string(text)};
  return {std::string(trimmed(text.substr(0, equals))), std::string(trimmed(text.substr(equals + 1)))};
}

inline written_stage stage_of(std::string_view text) {
  const std::size_t end = text.find_first_of("=(");
  written_stage stage{std::string(trimmed(text.substr(0, end))), {}};
  if (end == std::string_view::npos) return stage;
  const std::string_view rest = text.substr(end + 1);
  if (text[end] == '=') {
    stage.parameters.emplace_back("", trimmed(rest));
  } else if (rest.empty() || rest.back() != ')') {
    throw error(text, "its parameters do not end", "write name(parameter=value,...)");
  } else {
    for_each_part(rest.substr(0, rest.size() - 1), ',',
                  [&](std::string_view part) { stage.parameters.push_back(parameter_of(part)); });
  }
  return stage;
}

}  // namespace detail

/// The stages of a text, in its order, separated by semicolons: a name alone, name=value for its first
/// parameter, or name(parameter=value,...). Spaces do not count. Names are not looked at yet. Throws
/// urn::error.
inline std::vector<written_stage> stages_of(std::string_view text) {
  std::vector<written_stage> stages;
  detail::for_each_part(text, ';', [&](std::string_view part) { stages.push_back(detail::stage_of(part)); });
  return stages;
}

}  // namespace urn::profile
