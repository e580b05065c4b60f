#include "stages.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <span>

#include "urn/core/error.hpp"
#include "urn/urn.hpp"

namespace {

using values = std::span<const float>;

/// One of the names: the fewest and the most values it takes, what they are, and how it is appended.
struct known {
  std::string_view name;
  std::size_t fewest, most;
  std::string_view takes;
  urn::misplaced (*append)(stage_list& to, values v, std::size_t vocabulary);
};

/// v[i], or what it is by itself.
float value(values v, std::size_t i, float otherwise) { return i < v.size() ? v[i] : otherwise; }

template <class Stage>
urn::misplaced add(stage_list& to, const Stage& stage, std::size_t vocabulary) {
  if (urn::failed(urn::check_stage(stage, vocabulary)))
    throw urn::error("--stages", urn::stage_text(stage) + " is refused",
                     "give numbers in its range, and ids below " + std::to_string(vocabulary));
  return to.pipeline.append(stage);
}

/// A number of tokens, or an id.
std::int32_t whole(float x) {
  constexpr float most = 1 << 24;  // beyond it floats have gaps
  if (!(x >= -most && x <= most) || std::floor(x) != x)
    throw urn::error("--stages", std::to_string(x) + " is not a whole number", "write 40");
  return static_cast<std::int32_t>(x);
}

/// A stage of one float.
template <class Stage>
urn::misplaced one(stage_list& to, values v, std::size_t vocabulary) {
  return add(to, Stage{v[0]}, vocabulary);
}
template <class Stage>
urn::misplaced plain(stage_list& to, values, std::size_t vocabulary) {
  return add(to, Stage{}, vocabulary);
}

urn::misplaced suppressed(stage_list& to, values v, std::size_t vocabulary) {
  to.ids.emplace_back();
  for (const float id : v) to.ids.back().push_back(whole(id));
  return add(to, urn::suppressed_tokens{to.ids.back()}, vocabulary);
}

constexpr known all[] = {
    {"temperature", 1, 1, "T", &one<urn::temperature>},
    {"dynamic_temperature", 2, 3, "min,max[,exponent]",
     [](stage_list& to, values v, std::size_t n) {
       return add(to, urn::dynamic_temperature{v[0], v[1], value(v, 2, 1)}, n);
     }},
    {"smoothing", 1, 2, "factor[,curve]",
     [](stage_list& to, values v, std::size_t n) {
       return add(to, urn::smoothing{v[0], value(v, 1, 1)}, n);
     }},
    {"soft_cap", 1, 1, "cap", &one<urn::soft_cap>},
    {"penalties", 1, 3, "repetition[,frequency,presence]",
     [](stage_list& to, values v, std::size_t n) {
       return add(to, urn::penalties{v[0], value(v, 1, 0), value(v, 2, 0)}, n);
     }},
    {"dry", 1, 2, "multiplier[,base]",
     [](stage_list& to, values v, std::size_t n) {
       return add(to, urn::dry{.multiplier = v[0], .base = value(v, 1, 1.75F), .breakers = {}}, n);
     }},
    {"no_repeat_ngram", 1, 1, "n",
     [](stage_list& to, values v, std::size_t n) {
       return add(to, urn::no_repeat_ngram{static_cast<std::size_t>(std::max(0, whole(v[0])))}, n);
     }},
    {"suppressed_tokens", 1, 1000, "ids", &suppressed},
    {"xtc", 2, 2, "threshold,probability",
     [](stage_list& to, values v, std::size_t n) {
       return add(to, urn::xtc{v[0], v[1], {}}, n);
     }},
    {"top_k", 1, 1, "k",
     [](stage_list& to, values v, std::size_t n) { return add(to, urn::top_k{whole(v[0])}, n); }},
    {"top_p", 1, 1, "p", &one<urn::top_p>},
    {"min_p", 1, 1, "m", &one<urn::min_p>},
    {"epsilon_cutoff", 1, 1, "e", &one<urn::epsilon_cutoff>},
    {"eta_cutoff", 1, 1, "e", &one<urn::eta_cutoff>},
    {"top_a", 1, 1, "a", &one<urn::top_a>},
    {"typical", 1, 1, "p",
     [](stage_list& to, values v, std::size_t n) { return add(to, urn::typical{v[0]}, n); }},
    {"top_n_sigma", 1, 1, "n", &one<urn::top_n_sigma>},
    {"top_h", 1, 1, "h", &one<urn::top_h>},
    {"tail_free", 1, 1, "z", &one<urn::tail_free>},
    {"categorical", 0, 0, "", &plain<urn::categorical>},
    {"greedy", 0, 0, "", &plain<urn::greedy>},
    {"gumbel", 0, 0, "", &plain<urn::gumbel>},
    {"mirostat_v1", 1, 1, "mu",
     [](stage_list& to, values v, std::size_t n) { return add(to, urn::mirostat_v1{v[0]}, n); }},
    {"mirostat_v2", 1, 1, "mu", &one<urn::mirostat_v2>},
    {"adaptive_p", 1, 1, "target", &one<urn::adaptive_p>},
};

std::string_view trimmed(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || c == '\t' || c == '\n'; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

/// Takes what stands before `end` off the text.
std::string_view next_part(std::string_view& text, char end) {
  const std::size_t at = text.find(end);
  const std::string_view part = trimmed(text.substr(0, at));
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return part;
}

std::vector<float> numbers(std::string_view name, std::string_view text) {
  std::vector<float> found;
  while (!text.empty()) {
    const std::string_view part = next_part(text, ',');
    float x = 0;
    const auto [end, wrong] = std::from_chars(part.data(), part.data() + part.size(), x);
    if (wrong != std::errc() || end != part.data() + part.size())
      throw urn::error("--stages: " + std::string(name), "'" + std::string(part) + "' is not a number",
                       "write " + std::string(name) + "=0.5 or " + std::string(name) + "=1,2");
    found.push_back(x);
  }
  return found;
}

std::string usage(const known& stage) {
  return std::string(stage.name) + (stage.most == 0 ? "" : "=") + std::string(stage.takes);
}

const known& find(std::string_view name) {
  for (const known& stage : all) {
    if (stage.name == name) return stage;
  }
  throw urn::error("--stages", "there is no stage '" + std::string(name) + "'", known_stages());
}

void append(stage_list& to, std::string_view part, std::size_t vocabulary) {
  const known& stage = find(next_part(part, '='));
  const std::vector<float> v = numbers(stage.name, part);
  if (v.size() < stage.fewest || v.size() > stage.most)
    throw urn::error("--stages: " + std::string(stage.name), std::to_string(v.size()) + " values do not fit",
                     "write " + usage(stage));
  const urn::misplaced wrong = stage.append(to, v, vocabulary);
  if (wrong != urn::misplaced::no)
    throw urn::error("--stages: " + std::string(stage.name), urn::sentence(wrong));
}

}  // namespace

stage_list parse_stages(std::string_view text, std::size_t vocabulary) {
  stage_list to;
  while (!text.empty()) {
    const std::string_view part = next_part(text, ';');
    if (!part.empty()) append(to, part, vocabulary);
  }
  if (!to.pipeline.draws()) append(to, "categorical", vocabulary);
  return to;
}

std::string known_stages() {
  std::string text = "there are";
  for (const known& stage : all) text += (&stage == all ? " " : ", ") + usage(stage);
  return text;
}
