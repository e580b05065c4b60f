#pragma once
/// \file
/// What is wrong with sampling_params, all of it at once: nothing runs on invalid ones.

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "urn/client/backend.hpp"
#include "urn/client/sampling_params.hpp"
#include "urn/core/token.hpp"
#include "urn/stop/stop.hpp"
#include "urn/stop/stop_regex.hpp"

namespace urn {

/// A parameter that is refused: "<field>: <value> is not <allowed>".
struct violation {
  std::string field;    ///< e.g. "top_p", "logit_bias[3].token"
  std::string value;    ///< what it is, as text; strings in quotes
  std::string allowed;  ///< what it may be, e.g. "in (0, 1]"
  friend bool operator==(const violation&, const violation&) = default;
};

/// What parameters must fit to. What is absent is not checked.
struct request_limits {
  std::optional<std::size_t> vocabulary_size{};  ///< ids are 0 <= id < this
  std::optional<std::size_t> context_size{};     ///< tokens that prompt and output may have together
  std::optional<std::size_t> prompt_size{};      ///< the prompt's tokens; leaves the rest of the context
};

/// What one request may ask for: samples of its prompt, and logprobs listed for each token.
inline constexpr std::size_t most_samples = 1024;
inline constexpr std::size_t most_logprobs = 100;

namespace detail {

/// The shortest decimal that reads back as the number.
template <class Number>
std::string text_of(Number number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return {text.data(), end};
}

/// Gathers violations: a line for each rule.
class validation {
 public:
  explicit validation(const request_limits& within) : within_(within) {}

  void check(const sampling_params& p) {
    check_numbers(p);
    check_lengths(p);
    std::visit([this](const auto& stop) { this->check_stop(stop); }, p.stop);
    for (std::size_t i = 0; i < p.stop_regex.size(); ++i) check_regex(at("stop_regex", i), p.stop_regex[i]);
    if (p.repetition_detection) check_repetition(*p.repetition_detection);
    check_bias(p.logit_bias);
    if (p.allowed_token_ids) check_ids("allowed_token_ids", *p.allowed_token_ids);
    for (std::size_t i = 0; i < p.bad_words.size(); ++i) check_text(at("bad_words", i), p.bad_words[i]);
  }
  std::vector<violation> found() && { return std::move(found_); }

 private:
  void require(bool holds, std::string_view field, std::string value, std::string_view allowed) {
    if (!holds) found_.push_back({std::string(field), std::move(value), std::string(allowed)});
  }
  void require(bool holds, std::string_view field, auto number, std::string_view allowed) {
    if (!holds) require(false, field, text_of(number), allowed);
  }

  void check_numbers(const sampling_params& p) {
    require(std::isfinite(p.temperature) && p.temperature >= 0, "temperature", p.temperature,
            "finite and at least 0");
    require(p.top_k == -1 || p.top_k >= 1, "top_k", p.top_k, "-1 or at least 1");
    require(p.top_p > 0 && p.top_p <= 1, "top_p", p.top_p, "in (0, 1]");
    require(p.min_p >= 0 && p.min_p <= 1, "min_p", p.min_p, "in [0, 1]");
    require(std::isfinite(p.repetition_penalty) && p.repetition_penalty > 0, "repetition_penalty",
            p.repetition_penalty, "finite and greater than 0");
    require(std::abs(p.frequency_penalty) <= 2, "frequency_penalty", p.frequency_penalty, "in [-2, 2]");
    require(std::abs(p.presence_penalty) <= 2, "presence_penalty", p.presence_penalty, "in [-2, 2]");
    require(p.num_samples >= 1 && p.num_samples <= most_samples, "num_samples", p.num_samples,
            "from 1 to " + text_of(most_samples));
    check_listed("logprobs", p.logprobs);
    check_listed("prompt_logprobs", p.prompt_logprobs);
    if (p.deadline) require(p.deadline->count() > 0, "deadline", p.deadline->count(), "more than 0 ms");
  }

  void check_listed(std::string_view field, std::optional<std::size_t> n) {
    if (n) require(*n <= most_logprobs, field, *n, "at most " + text_of(most_logprobs));
  }

  void check_lengths(const sampling_params& p) {
    if (p.max_tokens) {
      require(*p.max_tokens >= 1, "max_tokens", *p.max_tokens, "at least 1");
      require(p.min_tokens <= *p.max_tokens, "min_tokens", p.min_tokens,
              "at most max_tokens, " + text_of(*p.max_tokens));
    }
    if (!within_.context_size) return;
    const std::size_t context = *within_.context_size;
    const std::size_t prompt = within_.prompt_size.value_or(0);
    const std::string of_context = "the context of " + text_of(context) + " tokens";
    require(prompt < context, "prompt", text_of(prompt) + " tokens", "shorter than " + of_context);
    if (prompt >= context) return;
    const std::string room =
        "at most " + text_of(context - prompt) + ", what the prompt leaves of " + of_context;
    if (p.max_tokens) require(*p.max_tokens <= context - prompt, "max_tokens", *p.max_tokens, room);
    require(p.min_tokens <= context - prompt, "min_tokens", p.min_tokens, room);
  }

  static void check_stop(std::monostate) {}
  void check_stop(const std::string& text) { check_text("stop", text); }
  void check_stop(const std::vector<std::string>& texts) {
    require(!texts.empty(), "stop", std::string("[]"), "a list of at least one string");
    for (std::size_t i = 0; i < texts.size(); ++i) check_text(at("stop", i), texts[i]);
  }
  void check_stop(const std::vector<token_id>& ids) { check_ids("stop", ids); }

  void check_regex(const std::string& field, const std::string& expression) {
    const stop_check checked = stop_regex(expression).check();
    if (checked) return;
    require(false, field, '"' + expression + '"',
            "an expression of stop_regex: " + std::string(describe(checked.status)));
  }
  void check_repetition(const repetition_limits& limits) {
    require(limits.min_pattern_size >= 1 && limits.min_pattern_size <= limits.max_pattern_size,
            "repetition_detection.min_pattern_size", limits.min_pattern_size,
            "from 1 to max_pattern_size, " + text_of(limits.max_pattern_size));
    require(limits.min_count >= 2, "repetition_detection.min_count", limits.min_count, "at least 2");
  }

  void check_bias(const std::vector<token_bias>& entries) {
    std::unordered_set<token_id> seen;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const std::string field = at("logit_bias", i);
      check_id(field + ".token", entries[i].token);
      require(seen.insert(entries[i].token).second, field + ".token", entries[i].token, "listed only once");
      require(!std::isnan(entries[i].bias), field + ".bias", entries[i].bias, "a number");
    }
  }

  void check_text(const std::string& field, const std::string& text) {
    require(!text.empty(), field, std::string(R"("")"), "a string of at least one character");
  }
  void check_ids(const std::string& field, const std::vector<token_id>& ids) {
    require(!ids.empty(), field, std::string("[]"), "a list of at least one token");
    for (std::size_t i = 0; i < ids.size(); ++i) check_id(at(field, i), ids[i]);
  }
  void check_id(const std::string& field, token_id id) {
    const bool known = !within_.vocabulary_size || std::cmp_less(id, *within_.vocabulary_size);
    if (id >= 0 && known) return;
    require(false, field, id,
            within_.vocabulary_size ? "a token of the vocabulary of " + text_of(*within_.vocabulary_size)
                                    : std::string("a token, at least 0"));
  }

  static std::string at(std::string_view field, std::size_t i) {
    return std::string(field) + '[' + text_of(i) + ']';
  }

  request_limits within_;
  std::vector<violation> found_;
};

/// "top_p: 0 is not in (0, 1]; ...", of very many violations the first.
inline std::string sentence(std::span<const violation> violations) {
  constexpr std::size_t most = 20;
  std::string text;
  for (const violation& v : violations.first(std::min(most, violations.size()))) {
    if (!text.empty()) text += "; ";
    text.append(v.field).append(": ").append(v.value).append(" is not ").append(v.allowed);
  }
  if (violations.size() > most) text += "; and " + text_of(violations.size() - most) + " more";
  return text;
}

}  // namespace detail

/// Every rule of sampling_params.hpp that the parameters break, in the order of the fields' kinds; none for
/// valid ones. Where limits are given, ids must be of the vocabulary, and prompt, min_tokens and max_tokens
/// must fit into the context. Greedy with several samples is allowed: they are equal. O(size of the
/// parameters). Thread-safe.
inline std::vector<violation> validate(const sampling_params& params, const request_limits& within = {}) {
  detail::validation all(within);
  all.check(params);
  return std::move(all).found();
}

/// Throws request_error (failure::invalid), whose text names every violation, if there is one.
inline void require_valid(const sampling_params& params, const request_limits& within = {}) {
  const std::vector<violation> found = validate(params, within);
  if (!found.empty()) throw request_error(failure::invalid, "", detail::sentence(found));
}

}  // namespace urn
