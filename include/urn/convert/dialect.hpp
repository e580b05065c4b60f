#pragma once
/// \file
/// What the engines' parameters have in common. An engine is a dialect:
///
///     struct some_dialect {
///       static constexpr const char* engine = "SomeEngine";
///       template <class Side>
///       void describe(Side& side) const {
///         side.same("top_p", &sampling_params::top_p);
///         side.seed("seed", most_seed);
///         side.lacks("deadline", &sampling_params::deadline, "is left out: abort the request");
///         side.foreign("beams", 1);
///       }
///     };
///
/// One description serves both directions: a params_writer writes what each line says, a params_reader reads
/// it, and both report what the line loses. What one line cannot say stands in `either(write, read)`.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "urn/client/params_json.hpp"
#include "urn/client/sampling_params.hpp"
#include "urn/convert/report.hpp"
#include "urn/core/token.hpp"
#include "urn/processor/temperature.hpp"

namespace urn::detail {

/// Stands for an infinite bias where JSON or an engine's softmax has none: of +inf that is NaN.
inline constexpr float forcing_bias = 1e9F;
inline constexpr auto most_signed_seed = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

struct temperature_limits {
  float least = 0.0F;  ///< but 0; smaller ones are raised to it
  float largest = std::numeric_limits<float>::max();
};
struct top_k_words {
  std::int32_t all = 0;        ///< what the engine says for -1
  std::int32_t standard = -1;  ///< the engine's default, in urn's words
};
struct stop_words {
  const char* texts;
  const char* tokens = nullptr;  ///< where the engine stops at tokens
  std::size_t most_texts = std::numeric_limits<std::size_t>::max();
};
struct sample_rules {
  bool one_if_greedy = false;  ///< the engine refuses several greedy samples
  bool one_if_top_1 = false;   ///< and takes top_k 1 for greedy
};
struct bias_limits {
  float largest = forcing_bias;
  bool whole = false;  ///< whole numbers alone
};

/// sampling_params to an engine's arguments.
class params_writer {
 public:
  params_writer(std::string_view engine, const sampling_params& params) : engine_(engine), p_(params) {}

  [[nodiscard]] const sampling_params& params() const { return p_; }
  [[nodiscard]] bool is_greedy() const { return p_.temperature < urn::temperature::greedy_below; }
  nlohmann::ordered_json& put(const char* name, nlohmann::ordered_json value) {
    return to_[name] = std::move(value);
  }
  void lose(const char* field, std::string happens) { losses_.push_back({field, std::move(happens)}); }

  /// Under another name at most, with the engine's default where that is another. It is always written: a
  /// model's defaults could stand in its place.
  template <class T>
  void same(const char* name, T sampling_params::*member) {
    put(name, json_of(p_.*member));
  }
  template <class T>
  void same(const char* name, T sampling_params::*member, const std::type_identity_t<T>&) {
    same(name, member);
  }
  /// Likewise, but only if it is not the default.
  template <class T>
  void if_set(const char* name, T sampling_params::*member) {
    if (is_set(member)) put(name, json_of(p_.*member));
  }
  /// The engine has it, and means something else where it is not neutral.
  template <class T>
  void differs(const char*, const char* field, T sampling_params::*member, const char* written, const char*) {
    if (is_set(member)) lose(field, written);
  }
  template <class T>
  void lacks(const char* field, T sampling_params::*member, const char* happens) {
    if (is_set(member)) lose(field, happens);
  }
  void foreign(const char*, const nlohmann::json&) {}
  void known(std::initializer_list<const char*>) {}
  template <class Write, class Read>
  void either(const Write& write, const Read&) {
    write(*this);
  }

  /// null is no limit.
  void max_tokens(const char* name, std::optional<std::size_t>) { put(name, json_of(p_.max_tokens)); }

  /// Greedy is 0.
  void temperature(const char* name, const temperature_limits& within = {}, float = 1.0F) {
    const float t = p_.temperature;
    const float kept = is_greedy() ? 0.0F : std::clamp(t, within.least, within.largest);
    put(name, json_of(kept));
    if (kept > t) lose("temperature", "is " + text_of(kept) + its("least but 0"));
    if (kept < t && !is_greedy()) lose("temperature", "is " + text_of(kept) + its("largest"));
  }

  void at_most(const char* name, const char* field, float sampling_params::*member, float largest) {
    if (p_.*member > largest) lose(field, "is " + text_of(largest) + its("largest"));
    put(name, json_of(std::min(p_.*member, largest)));
  }

  void top_k(const char* name, const top_k_words& words = {}) {
    put(name, p_.top_k == -1 ? words.all : p_.top_k);
  }

  void samples(const char* name, const sample_rules& rules = {}) {
    const bool one = (rules.one_if_greedy && is_greedy()) || (rules.one_if_top_1 && p_.top_k == 1);
    if (one && p_.num_samples > 1)
      lose("num_samples", "is 1: " + engine_ + " refuses more when greedy; all would be equal");
    put(name, one ? 1 : p_.num_samples);
  }

  void seed(const char* name, std::uint64_t most) {
    if (!p_.seed) return;
    if (*p_.seed > most) lose("seed", "becomes another: " + engine_ + "'s are at most " + text_of(most));
    put(name, *p_.seed > most ? *p_.seed % (most + 1) : *p_.seed);
  }

  void stop(const stop_words& words) {
    if (const auto* ids = std::get_if<std::vector<token_id>>(&p_.stop)) {
      if (words.tokens == nullptr)
        return lose("stop", "is left out: " + engine_ + " stops at strings, not at tokens");
      put(words.tokens, *ids);
    } else if (const auto* texts = std::get_if<std::vector<std::string>>(&p_.stop)) {
      auto kept = *texts;
      if (kept.size() > words.most_texts) {
        kept.resize(words.most_texts);
        lose("stop", "is its first " + text_of(kept.size()) + " strings: " + engine_ + " takes no more");
      }
      put(words.texts, std::move(kept));
    } else if (const auto* text = std::get_if<std::string>(&p_.stop)) {
      put(words.texts, *text);
    }
  }

  void biases(const char* name, const bias_limits& limits = {}) {
    if (!p_.logit_bias.empty()) put(name, json_of(fitting_biases(limits)));
  }
  std::vector<token_bias> fitting_biases(const bias_limits& limits) {
    std::vector<token_bias> fitting = p_.logit_bias;
    const float most = limits.largest;
    for (token_bias& b : fitting) b.bias = std::clamp(b.bias, -most, most);
    if (fitting != p_.logit_bias) {
      const std::string range = "[-" + text_of(most) + ", " + text_of(most) + "]";
      lose("logit_bias",
           "is clamped to " + range + (most < forcing_bias ? ": what was banned may be drawn" : ""));
    }
    if (!limits.whole) return fitting;
    const std::vector<token_bias> clamped = fitting;
    for (token_bias& b : fitting) b.bias = std::round(b.bias);
    if (fitting != clamped) lose("logit_bias", "is rounded: " + engine_ + "'s are whole numbers");
    return fitting;
  }

  /// A number of logprobs to list.
  void listed(const char* name, const char* field, std::optional<std::size_t> sampling_params::*member,
              std::size_t most = most_logprobs) {
    const std::optional<std::size_t>& n = p_.*member;
    if (!n) return;
    if (*n > most) lose(field, "is " + text_of(most) + its("largest"));
    put(name, std::min(*n, most));
  }

  [[nodiscard]] conversion result() && { return {std::move(to_), std::move(losses_), std::nullopt}; }

 private:
  template <class T>
  [[nodiscard]] bool is_set(T sampling_params::*member) const {
    return p_.*member != sampling_params().*member;
  }
  [[nodiscard]] std::string its(const char* what) const { return ", " + engine_ + "'s " + what; }

  std::string engine_;
  const sampling_params& p_;
  nlohmann::ordered_json to_ = nlohmann::ordered_json::object();
  std::vector<loss> losses_;
};

/// An engine's arguments to sampling_params. The members are params_writer's, the other way around.
class params_reader {
 public:
  params_reader(std::string_view class_name, const nlohmann::json& arguments, imported_params& into)
      : from_(class_name, arguments), into_(into) {}
  ~params_reader() = default;
  params_reader(const params_reader&) = delete;
  params_reader& operator=(const params_reader&) = delete;

  argument_reader& from() { return from_; }
  sampling_params& params() { return into_.params; }
  void lose(std::string field, std::string happens) {
    into_.losses.push_back({std::move(field), std::move(happens)});
  }

  /// The first of an argument's names that is there; the first where none is.
  const char* first_of(std::initializer_list<const char*> names) {
    known(names);
    const auto is_there = [this](const char* name) { return from_.find(name) != nullptr; };
    const auto* const found = std::find_if(names.begin(), names.end(), is_there);
    return found == names.end() ? *names.begin() : *found;
  }

  template <class T>
  void same(const char* name, T sampling_params::*member) {
    from_.read(name, params().*member);
  }
  template <class T>
  void same(const char* name, T sampling_params::*member, const std::type_identity_t<T>& standard) {
    params().*member = standard;
    same(name, member);
  }
  template <class T>
  void if_set(const char* name, T sampling_params::*member) {
    same(name, member);
  }
  template <class T>
  void differs(const char* name, const char*, T sampling_params::*member, const char*, const char* read) {
    if (params().*member != sampling_params().*member) lose(name, read);
  }
  template <class T>
  void lacks(const char*, T sampling_params::*, const char*) {}
  void foreign(const char* name, const nlohmann::json& neutral) {
    const foreign_field field{name, neutral};
    from_.look_at_foreign({&field, 1}, into_.losses);
  }
  /// They change nothing of what is drawn or reported.
  void known(std::initializer_list<const char*> names) {
    for (const char* name : names) from_.find(name);
  }
  template <class Write, class Read>
  void either(const Write&, const Read& read) {
    read(*this);
  }

  void max_tokens(const char* name, std::optional<std::size_t> standard) {
    if (!from_.says_null(name)) params().max_tokens = standard;
    from_.read(name, params().max_tokens);
  }
  void temperature(const char* name, const temperature_limits& within = {}, float standard = 1.0F) {
    float& t = params().temperature = standard;
    from_.read(name, t);
    if (t > 0) t = std::max(t, within.least);
  }
  void at_most(const char* name, const char*, float sampling_params::*member, float) { same(name, member); }

  void top_k(const char* name, const top_k_words& words = {}) {
    same(name, &sampling_params::top_k, words.standard);
    if (params().top_k == words.all) params().top_k = -1;
  }
  void samples(const char* name, const sample_rules& = {}) { from_.read(name, params().num_samples); }

  /// -1 is a random one.
  void seed(const char* name, std::uint64_t) {
    const nlohmann::json* const value = from_.find(name);
    if (value == nullptr || *value == -1) return;
    const bool negative = value->is_number_integer() && !value->is_number_unsigned() && *value < 0;
    if (!negative) return read_json(*value, name, params().seed);
    lose(name, "is left out: urn's are not negative, so the seed is random");
  }

  void stop(const stop_words& words) {
    const nlohmann::json* const texts = filled(words.texts);
    const nlohmann::json* const ids = words.tokens == nullptr ? nullptr : filled(words.tokens);
    if (ids != nullptr) read_json(*ids, words.tokens, params().stop.emplace<std::vector<token_id>>());
    if (texts == nullptr) return;
    if (ids != nullptr) lose(words.tokens, "is left out: urn stops at strings or at tokens, not at both");
    if (texts->is_string()) {
      params().stop = texts->get<std::string>();
    } else {
      read_json(*texts, words.texts, params().stop.emplace<std::vector<std::string>>());
    }
  }

  void biases(const char* name, const bias_limits& limits = {}) {
    from_.read(name, params().logit_bias);
    const float most = limits.largest;
    if (most == forcing_bias) return;
    for (token_bias& b : params().logit_bias) b.bias = std::clamp(b.bias, -most, most);
  }

  /// true is 1, and -1 is all.
  void listed(const char* name, const char*, std::optional<std::size_t> sampling_params::*member,
              std::size_t = most_logprobs) {
    const nlohmann::json* const value = from_.find(name);
    if (value == nullptr || *value == false) return;
    std::int64_t n = 1;
    if (*value != true) read_json(*value, name, n);
    if (n < -1) refuse_json(name, *value, "at least 0, or -1 for all");
    const bool fits = n >= 0 && std::cmp_less_equal(n, most_logprobs);
    if (!fits) lose(name, "is " + text_of(most_logprobs) + ", urn's largest");
    params().*member = fits ? static_cast<std::size_t>(n) : most_logprobs;
  }

  /// After the description: what nobody asked for is unknown.
  void finish() {
    for (std::string& name : from_.unknown()) into_.unknown.push_back(std::move(name));
  }

 private:
  /// The argument, nullptr when it is an empty list too.
  const nlohmann::json* filled(const char* name) {
    const nlohmann::json* const value = from_.find(name);
    return value == nullptr || *value == nlohmann::json::array() ? nullptr : value;
  }

  argument_reader from_;
  imported_params& into_;
};

template <class Dialect>
conversion write_params(const Dialect& dialect, const sampling_params& params) {
  params_writer side(Dialect::engine, params);
  dialect.describe(side);
  return std::move(side).result();
}

/// `class_name` is what errors call the whole.
template <class Dialect>
void read_params(const Dialect& dialect, std::string_view class_name, const nlohmann::json& arguments,
                 imported_params& into) {
  params_reader side(class_name, arguments, into);
  dialect.describe(side);
  side.finish();
}

/// The steps of an export, and of an import, where a dialect is all of it.
template <class Dialect>
conversion export_params(std::string_view conversion_name, const Dialect& dialect,
                         const sampling_params& params, on_loss policy) {
  require_valid(params);
  conversion result = write_params(dialect, params);
  refuse_losses(conversion_name, result.losses, policy);
  return result;
}
template <class Dialect>
imported_params import_params(std::string_view conversion_name, const Dialect& dialect,
                              std::string_view class_name, const nlohmann::json& arguments, on_loss policy) {
  imported_params result;
  read_params(dialect, class_name, arguments, result);
  return finish_import(conversion_name, std::move(result), policy);
}

}  // namespace urn::detail
