#pragma once
/// \file
/// left_out: which settings a profile has no place for.

#include <concepts>
#include <string>
#include <type_traits>
#include <vector>

#include "urn/profile/scopes.hpp"
#include "urn/profile/settings.hpp"
#include "urn/profile/unpack.hpp"

namespace urn::profile {

namespace detail {

/// Settings in which only one piece of `all` is set.
template <class Piece>
settings only(const std::string& name, const Piece& piece) {
  settings one;
  for_each_piece(one, [&](const char* other, auto& place) {
    if constexpr (std::same_as<std::remove_cvref_t<decltype(place)>, Piece>) {
      if (name == other) place = piece;
    }
  });
  return one;
}

}  // namespace detail

/// The names of what is set in `s` and changes nothing in the profile's pipeline: pieces that its engine does
/// not have. Of penalties each part has a name: penalties.frequency.
///
///     urn::profile::left_out(urn::profile::vllm, settings)
template <class Profile>
std::vector<std::string> left_out(const Profile& profile, const settings& s) {
  std::vector<std::string> names;
  const auto look_at = [&](const std::string& name, const settings& one) {
    if (is_idle(profile(one))) names.push_back(name);
  };
  for_each_piece(s, [&](const std::string name, const auto& piece) {
    if (piece.neutral() || name == "penalties") return;
    look_at(name, detail::only(name, piece));
  });
  const auto look_at_penalty = [&](const char* name, float penalties::*part) {
    penalties one;
    one.*part = s.penalties.*part;
    if (!one.neutral() && s.penalties.window != 0) look_at(name, {.penalties = one});
  };
  look_at_penalty("penalties.repetition", &penalties::repetition);
  look_at_penalty("penalties.frequency", &penalties::frequency);
  look_at_penalty("penalties.presence", &penalties::presence);
  if (s.min_keep > 1 && !Profile::has_min_keep) names.emplace_back("min_keep");
  return names;
}

}  // namespace urn::profile
