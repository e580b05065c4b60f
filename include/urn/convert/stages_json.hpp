#pragma once
/// \file
/// Stages as JSON: {"penalties": {"repetition": 1.1, "window": 64}, "temperature": 0.8, "top_k": 40}.

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "urn/core/error.hpp"
#include "urn/model/strict_json.hpp"
#include "urn/profile/written_stage.hpp"

namespace urn {

namespace detail {

/// A value as a text would have it: lists of lists are sequences, objects token:bias.
inline std::string written(const std::string& where, const nlohmann::ordered_json& value) {
  const auto joined = [&](char separator, const auto& entry) {
    std::string text;
    for (const auto& [key, one] : value.items()) {
      if (!text.empty()) text += separator;
      text += entry(key, one);
    }
    return text;
  };
  const auto is_list = [](const nlohmann::ordered_json& one) { return one.is_array(); };
  const auto entry = [&](const std::string&, const auto& one) { return written(where, one); };
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  if (value.is_array()) return joined(std::any_of(value.begin(), value.end(), is_list) ? '|' : ' ', entry);
  if (value.is_object()) {
    return joined(' ',
                  [&](const std::string& key, const auto& one) { return key + ':' + written(where, one); });
  }
  throw error(where, json_excerpt(value) + " is not a value", "write a number, a string or a list");
}

inline profile::written_stage stage_from_json(const std::string& name, const nlohmann::ordered_json& value) {
  profile::written_stage stage{name, {}};
  const bool is_bias = name == "logit_bias" || name == "forced_tokens";  // {"5": -1.5}
  if (value.is_object() && !is_bias) {
    for (const auto& [key, one] : value.items()) {
      stage.parameters.emplace_back(key, written(std::string(name).append(".").append(key), one));
    }
  } else if (!value.is_null()) {
    stage.parameters.emplace_back("", written(name, value));
  }
  return stage;
}

}  // namespace detail

/// The stages of a JSON object in its order, or of an array of names and objects, for `pipeline_of`: a
/// stage's value is that of its first parameter, or an object of parameters; null, or the name alone in an
/// array, is the stage as it is. Token ids are arrays, sequences arrays of arrays, biases objects. Throws
/// urn::error.
///
///     urn::pipeline_of(urn::stages_from_json({{"top_k", 40}, {"top_p", 0.9}}))
inline std::vector<profile::written_stage> stages_from_json(const nlohmann::ordered_json& json) {
  std::vector<profile::written_stage> stages;
  const auto add = [&](const nlohmann::ordered_json& object) {
    for (const auto& [name, value] : object.items()) stages.push_back(detail::stage_from_json(name, value));
  };
  if (json.is_object()) {
    add(json);
  } else if (json.is_array()) {
    for (const nlohmann::ordered_json& one : json) {
      if (one.is_string())
        stages.push_back({one.get<std::string>(), {}});
      else if (one.is_object())
        add(one);
      else
        throw error("stages", detail::json_excerpt(one) + " is not a stage", "write a name or an object");
    }
  } else {
    throw error("stages", detail::json_excerpt(json) + " is not a list of stages",
                "write an object or an array");
  }
  return stages;
}

}  // namespace urn
