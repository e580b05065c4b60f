#pragma once
/// \file
/// The order of llama.cpp's samplers, and those that urn's client does not have.

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "urn/convert/dialect.hpp"
#include "urn/convert/report.hpp"

namespace urn::detail {

/// The order of urn's client.
inline constexpr std::array llama_cpp_own_samplers{"penalties", "temperature", "top_k", "top_p", "min_p"};

/// Other ways to write a name: '-' for '_', none of them, in capitals, a letter in a string.
struct llama_cpp_sampler {
  const char* name;
  char letter;
  const char* plain;            ///< the name without '_'
  const char* alias = nullptr;  ///< yet another name, plain
};
inline constexpr std::array llama_cpp_samplers{
    llama_cpp_sampler{"penalties", 'e', "penalties"},
    llama_cpp_sampler{"dry", 'd', "dry"},
    llama_cpp_sampler{"top_n_sigma", 's', "topnsigma"},
    llama_cpp_sampler{"top_k", 'k', "topk"},
    llama_cpp_sampler{"typ_p", 'y', "typp", "typ"},
    llama_cpp_sampler{"top_p", 'p', "topp", "nucleus"},
    llama_cpp_sampler{"min_p", 'm', "minp"},
    llama_cpp_sampler{"xtc", 'x', "xtc"},
    llama_cpp_sampler{"temperature", 't', "temperature", "temp"},
    llama_cpp_sampler{"infill", 'i', "infill"},
    llama_cpp_sampler{"adaptive_p", 'a', "adaptivep"},
};
inline constexpr std::string_view llama_cpp_default_order = "edskypmxt";

using llama_cpp_chain = std::vector<std::string_view>;

inline std::optional<std::string_view> llama_cpp_sampler_called(const std::string& name) {
  std::string plain;
  for (const char c : name) {
    if (c != '_' && c != '-') plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  for (const llama_cpp_sampler& s : llama_cpp_samplers) {
    if (plain == s.plain || (s.alias != nullptr && plain == s.alias)) return s.name;
  }
  return std::nullopt;
}
inline std::optional<std::string_view> llama_cpp_sampler_called(char letter) {
  for (const llama_cpp_sampler& s : llama_cpp_samplers) {
    if (letter == s.letter) return s.name;
  }
  return std::nullopt;
}

/// llama.cpp leaves out what it does not know, with a warning in its log.
inline llama_cpp_chain read_llama_cpp_chain(params_reader& from) {
  llama_cpp_chain chain;
  const auto add = [&](std::optional<std::string_view> sampler, const std::string& said) {
    if (sampler) chain.push_back(*sampler);
    if (!sampler) from.lose("samplers", json_excerpt(said) + " is left out: llama.cpp has no such sampler");
  };
  const nlohmann::json* const value = from.from().find("samplers");
  if (value == nullptr || value->is_string()) {
    const auto letters = value == nullptr ? std::string(llama_cpp_default_order) : value->get<std::string>();
    for (const char letter : letters) add(llama_cpp_sampler_called(letter), std::string(1, letter));
  } else {
    std::vector<std::string> names;
    read_json(*value, "samplers", names);
    for (const std::string& name : names) add(llama_cpp_sampler_called(name), name);
  }
  return chain;
}

/// What each sampler that urn's client lacks is switched on by. A sampler that the chain lacks is off.
inline void lose_llama_cpp_samplers(const llama_cpp_chain& chain, params_reader& from) {
  const auto in_chain = [&](std::string_view name) {
    return std::find(chain.begin(), chain.end(), name) != chain.end();
  };
  const auto switched = [&](const char* sampler, const char* name, float neutral, const auto& is_on) {
    const float value = from.from().value_or(name, neutral);
    if (in_chain(sampler) && is_on(value)) from.lose(name, "is left out: urn has no such parameter");
  };
  const auto not_zero = [](float x) { return x != 0; };
  const auto positive = [](float x) { return x > 0; };
  const bool xtc_is_possible = from.from().value_or("xtc_threshold", 0.1F) <= 0.5F;
  switched("dry", "dry_multiplier", 0, not_zero);
  switched("typ_p", "typical_p", 1, [](float x) { return x < 1; });
  switched("top_n_sigma", "top_n_sigma", -1, positive);
  switched("xtc", "xtc_probability", 0, [&](float x) { return x > 0 && xtc_is_possible; });
  switched("temperature", "dynatemp_range", 0, positive);
  switched("adaptive_p", "adaptive_target", -1, [](float x) { return x >= 0; });
  if (in_chain("infill")) from.lose("samplers", "\"infill\" is left out: urn has no such parameter");
  from.known({"dry_base", "dry_allowed_length", "dry_penalty_last_n", "dry_sequence_breakers",
              "dynatemp_exponent", "adaptive_decay", "mirostat_tau", "mirostat_eta"});
}

/// What the chain lacks does nothing.
inline void forget_what_llama_cpp_skips(const llama_cpp_chain& chain, sampling_params& p) {
  const sampling_params neutral;
  const auto skips = [&](std::string_view name) {
    return std::find(chain.begin(), chain.end(), name) == chain.end();
  };
  if (skips("temperature")) p.temperature = neutral.temperature;
  if (skips("top_k")) p.top_k = neutral.top_k;
  if (skips("top_p")) p.top_p = neutral.top_p;
  if (skips("min_p")) p.min_p = neutral.min_p;
  if (!skips("penalties")) return;
  p.repetition_penalty = neutral.repetition_penalty;
  p.frequency_penalty = neutral.frequency_penalty;
  p.presence_penalty = neutral.presence_penalty;
}

/// Whether the chain draws as urn's order does: temperature and top_k commute, what is neutral may stand
/// anywhere, and a greedy choice depends on the penalties alone.
inline bool is_urns_order(const llama_cpp_chain& chain, const sampling_params& p) {
  const bool greedy = p.temperature <= 0;
  const bool penalized = p.repetition_penalty != 1 || p.frequency_penalty != 0 || p.presence_penalty != 0;
  int reached = 0;
  for (const std::string_view name : chain) {
    int place = 0;
    if (name == "penalties" && penalized) place = 1;
    if ((name == "temperature" && p.temperature != 1) || (name == "top_k" && p.top_k != -1)) place = 2;
    if (name == "top_p" && p.top_p != 1 && !greedy) place = 3;
    if (name == "min_p" && p.min_p != 0 && !greedy) place = 4;
    if (place == 0) continue;
    if (place < reached || std::count(chain.begin(), chain.end(), name) > 1) return false;
    reached = place;
  }
  return true;
}

inline void read_llama_cpp_samplers(params_reader& from) {
  llama_cpp_chain chain = read_llama_cpp_chain(from);
  if (from.from().value_or("mirostat", 0) != 0) {
    from.lose("mirostat", "is left out: urn has no such parameter");
    chain = {"temperature"};  // and no other sampler
  }
  lose_llama_cpp_samplers(chain, from);
  forget_what_llama_cpp_skips(chain, from.params());
  if (!is_urns_order(chain, from.params()))
    from.lose("samplers", "become penalties, temperature, top_k, top_p, min_p: urn has no other order");
}

}  // namespace urn::detail
