#pragma once
/// \file
/// Settings and pipelines that were written as text.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "urn/core/error.hpp"
#include "urn/kernel/policy.hpp"
#include "urn/pipeline/any_pipeline.hpp"
#include "urn/pipeline/pipeline.hpp"
#include "urn/processor/min_keep.hpp"
#include "urn/processor/synthid.hpp"
#include "urn/profile/fields.hpp"
#include "urn/profile/profile_named.hpp"
#include "urn/profile/read_value.hpp"
#include "urn/profile/settings.hpp"
#include "urn/profile/written_stage.hpp"
#include "urn/sampler/categorical.hpp"

namespace urn {

namespace profile {

/// All stages that a text may name, each with its parameters: "top_p(p, rule, min_keep)".
std::vector<std::string> known_stages();

namespace detail {

template <class Stage, class... Cuts>
inline constexpr bool is_one_of = (std::same_as<Stage, Cuts> || ...);

/// Whether it is a cut that min_keep may stand around.
template <class Stage>
inline constexpr bool keeps_enough =
    is_one_of<Stage, top_p, min_p, typical, epsilon_cutoff, eta_cutoff, top_a, tail_free, top_n_sigma, top_h>;

/// The names of a stage's parameters.
template <class Stage>
std::vector<std::string> parameter_names(Stage stage) {
  std::vector<std::string> names;
  for_each_field(stage, [&](const char* name, const auto&) { names.emplace_back(name); });
  if (keeps_enough<Stage>) names.emplace_back("min_keep");
  return names;
}

[[noreturn]] inline void refuse_name(const written_stage& w, const std::string& name,
                                     const std::vector<std::string>& known) {
  if (known.empty()) throw error(w.name, "takes no parameters", "write the name alone");
  throw error(w.name, '"' + name + "\" is not a parameter", "there are " + joined(known));
}

/// Sets the parameters that are written; what is not, stays as it is.
template <class Stage>
void set_fields(const written_stage& w, Stage& stage, std::size_t& min_keep, list_store& store) {
  const std::vector<std::string> known = parameter_names(stage);
  for (const auto& parameter : w.parameters) {
    const bool is_first = parameter.first.empty() && !known.empty();
    const std::string& name = is_first ? known.front() : parameter.first;
    bool found = false;
    const auto read = [&](const char* field, auto& member) {
      if (name != field) return;
      found = true;
      read_value(w.name + '.' + name, parameter.second, member, store);
    };
    for_each_field(stage, read);
    if (!found && keeps_enough<Stage>) read("min_keep", min_keep);
    if (!found) refuse_name(w, name, known);
  }
}

/// The stage that a text's is: most are themselves.
template <class Stage>
const Stage& stage_of_text(const std::string&, const Stage& stage, list_store&) {
  return stage;
}
inline synthid stage_of_text(const std::string& name, const synthid_text& s, list_store& store) {
  constexpr std::uint32_t longest = 1024, largest = 1U << 24;
  const auto refuse_unless = [&](bool good, const char* parameter, const std::string& most) {
    if (!good) throw error(name + '.' + parameter, "is out of range", "write " + most);
  };
  refuse_unless(s.keys.size() <= synthid_keys::most, "keys", "at most " + std::to_string(synthid_keys::most));
  refuse_unless(s.ngram >= 1 && s.ngram <= longest, "ngram", "1 to " + std::to_string(longest));
  refuse_unless(s.table >= 1 && s.table <= largest, "table", "1 to " + std::to_string(largest));
  return {&store.keep(
      synthid_keys({s.keys.begin(), s.keys.end()},
                   {s.ngram, s.table, static_cast<std::uint64_t>(s.seed), s.memory, s.skips_first}))};
}

/// Appends a stage; around a cut that can keep more, min_keep.
template <execution_policy Policy, class Stage>
misplaced append_with(any_pipeline<Policy>& pipeline, const Stage& stage, std::size_t min_keep) {
  if constexpr (keeps_enough<Stage>) {
    return pipeline.append(urn::min_keep{min_keep, stage});
  } else {
    return pipeline.append(stage);
  }
}

/// Calls use(stage) with the stage of that name; throws if there is none.
template <class Use>
void with_stage(const written_stage& w, Use&& use) {
  bool found = false;
  for_each_known_stage([&](const char* name, auto& stage) {
    if (w.name != name) return;
    found = true;
    use(stage);
  });
  if (!found) throw error("stages", '"' + w.name + "\" is not one", "there are " + joined(known_stages()));
}

}  // namespace detail

inline std::vector<std::string> known_stages() {
  std::vector<std::string> stages;
  for_each_known_stage([&](const char* name, const auto& stage) {
    const std::string parameters = detail::joined(detail::parameter_names(stage));
    stages.push_back(parameters.empty() ? name : std::string(name) + '(' + parameters + ')');
  });
  return stages;
}

/// Settings, and what they borrow: their lists live as long as a copy of this does.
struct owned_settings {
  settings values{};
  std::shared_ptr<const list_store> lists{};
};

/// The settings that these are. Their order does not count, since the profile has its own; min_keep=n is a
/// setting like others. Throws urn::error.
inline owned_settings settings_of(const std::vector<written_stage>& stages) {
  owned_settings result;
  const auto lists = std::make_shared<list_store>();
  for (const written_stage& w : stages) {
    bool found = false;
    std::vector<std::string> names{"min_keep"};
    const auto set = [&](const char* name, auto& piece) {
      names.emplace_back(name);
      if (w.name != name) return;
      found = true;
      detail::set_fields(w, piece, result.values.min_keep, *lists);
    };
    for_each_piece(result.values, set);
    if (w.name == "min_keep") {
      found = true;
      for (const auto& [name, value] : w.parameters) {
        detail::read_value(w.name + name, value, result.values.min_keep, *lists);
      }
    }
    if (!found) throw error("settings", '"' + w.name + "\" is not one", "there are " + detail::joined(names));
  }
  result.lists = lists;
  return result;
}
/// The same of a text, written as for pipeline_of.
inline owned_settings settings_of(std::string_view text) { return settings_of(stages_of(text)); }

}  // namespace profile

/// The pipeline of these stages, in their order; by itself it draws by categorical, before the first report.
/// It owns its lists. Throws urn::error, which says what was wrong and what would be right.
template <execution_policy Policy = scalar_t>
any_pipeline<Policy> pipeline_of(const std::vector<profile::written_stage>& stages) {
  any_pipeline<Policy> pipeline;
  const auto lists = std::make_shared<profile::list_store>();
  const auto draw_by_itself = [&] {
    if (!pipeline.draws()) profile::detail::refuse_misplaced("stages", pipeline.append(categorical{}));
  };
  for (const profile::written_stage& w : stages) {
    profile::detail::with_stage(w, [&]<class Stage>(Stage& stage) {
      std::size_t min_keep = 1;
      profile::detail::set_fields(w, stage, min_keep, *lists);
      const auto& made = profile::detail::stage_of_text(w.name, stage, *lists);
      if constexpr (stage_is<std::remove_cvref_t<decltype(made)>, report>) draw_by_itself();
      profile::detail::refuse_misplaced(w.name, profile::detail::append_with(pipeline, made, min_keep));
    });
  }
  draw_by_itself();
  pipeline.keep(lists);
  return pipeline;
}

/// The same of a text: "penalties(repetition=1.1,window=64);temperature=0.8;top_k=40;top_p=0.9". Stages are
/// separated by semicolons, in the order in which they act: a name alone, name=value for the first parameter,
/// or name(parameter=value,...). known_stages() lists them. Token ids are separated by spaces, sequences by
/// |, biases are token:bias, forced tokens place:token; "all" is the whole history.
template <execution_policy Policy = scalar_t>
any_pipeline<Policy> pipeline_of(std::string_view text) {
  return pipeline_of<Policy>(profile::stages_of(text));
}

}  // namespace urn
