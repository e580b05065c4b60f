#pragma once
/// \file
/// profile_named: a profile whose name is known at run time.

#include <array>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "urn/core/error.hpp"
#include "urn/kernel/policy.hpp"
#include "urn/logprob/logprobs.hpp"
#include "urn/pipeline/any_pipeline.hpp"
#include "urn/pipeline/pipeline.hpp"
#include "urn/profile/left_out.hpp"
#include "urn/profile/llama_cpp.hpp"
#include "urn/profile/native.hpp"
#include "urn/profile/settings.hpp"
#include "urn/profile/sglang.hpp"
#include "urn/profile/transformers.hpp"
#include "urn/profile/unpack.hpp"
#include "urn/profile/vllm.hpp"
#include "urn/sampler/adaptive_p.hpp"
#include "urn/sampler/categorical.hpp"
#include "urn/sampler/greedy.hpp"
#include "urn/sampler/gumbel.hpp"
#include "urn/sampler/mirostat.hpp"

namespace urn {

namespace profile {

/// What draws.
using any_sampler = std::variant<categorical, greedy, gumbel, mirostat_v1, mirostat_v2, adaptive_p>;

namespace detail {

inline std::string joined(const auto& names) {
  std::string text;
  for (const auto& name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

inline void refuse_left_out(const char* profile_name, const std::vector<std::string>& names) {
  if (names.empty()) return;
  throw error(profile_name, "does not have " + joined(names), "leave it neutral, or take the profile native");
}

/// The stages must fit: a profile's do, a list of names may not.
inline void refuse_misplaced(std::string_view where, misplaced wrong) {
  if (wrong != misplaced::no) throw error(where, sentence(wrong));
}

template <execution_policy Policy>
misplaced append_sampler(any_pipeline<Policy>& to, const any_sampler& draw) {
  return std::visit([&](const auto& sampler) { return to.append(sampler); }, draw);
}

}  // namespace detail

/// A profile as a value. `report` is the logprobs of its engine, to be appended where they are wanted.
template <execution_policy Policy = scalar_t>
struct named {
  const char* name;
  urn::logprobs report;
  any_pipeline<Policy> (*make)(const settings&, const any_sampler&);

  /// The profile's pipeline without what is neutral: it draws what the typed one draws, and borrows what the
  /// settings borrow. Throws urn::error if something is set that the engine does not have.
  any_pipeline<Policy> operator()(const settings& s, const any_sampler& draw = {}) const {
    return make(s, draw);
  }
};

namespace detail {

/// The profile's pipeline for settings that it knows. Samplers are told apart only where the profile does it:
/// each of its types takes time to compile.
template <execution_policy Policy, class Profile>
any_pipeline<Policy> assembled(const settings& s, const any_sampler& draw) {
  constexpr Profile profile;
  refuse_left_out(Profile::name, left_out(profile, s));
  any_pipeline<Policy> pipeline;
  const bool adapts = std::holds_alternative<mirostat_v1>(draw) || std::holds_alternative<mirostat_v2>(draw);
  misplaced wrong = adapts ? append_before_draw(pipeline, profile(s, mirostat_v2{}))
                           : append_before_draw(pipeline, profile(s, categorical{}));
  if (wrong == misplaced::no) wrong = append_sampler(pipeline, draw);
  refuse_misplaced(Profile::name, wrong);
  return pipeline;
}

}  // namespace detail

/// The named form of a profile.
template <execution_policy Policy, class Profile>
constexpr named<Policy> as_named(const Profile&) {
  return {Profile::name, Profile::report, detail::assembled<Policy, Profile>};
}

/// All of them.
template <execution_policy Policy = scalar_t>
inline constexpr std::array all{as_named<Policy>(vllm), as_named<Policy>(transformers),
                                as_named<Policy>(llama_cpp), as_named<Policy>(sglang),
                                as_named<Policy>(native)};

}  // namespace profile

/// The profile vllm, transformers, llama_cpp, sglang or native. Throws urn::error, which lists them.
///
///     urn::any_pipeline<> sampler = urn::profile_named("llama_cpp")({.top_k = {40}});
template <execution_policy Policy = scalar_t>
profile::named<Policy> profile_named(std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& one : profile::all<Policy>) {
    if (name == one.name) return one;
    names.emplace_back(one.name);
  }
  throw error("profile", '"' + std::string(name) + "\" is not one",
              "there are " + profile::detail::joined(names));
}

}  // namespace urn
