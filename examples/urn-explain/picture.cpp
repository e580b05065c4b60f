#include "picture.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace {

void add(std::vector<shown_token>& to, urn::token_id id, const urn::trace_step& before,
         const urn::trace_step& after) {
  const auto same = [&](const shown_token& t) { return t.token == id; };
  if (id == urn::no_token || std::any_of(to.begin(), to.end(), same)) return;
  const std::size_t i = before.find(id), j = after.find(id);
  const bool was = i < before.size(), is = j < after.size();
  to.push_back({id, was ? before.probability(i) : 0, is ? after.probability(j) : 0, was, is});
}

/// What is wrong with a row, in words.
std::string words_of(urn::status s) {
  using urn::status;
  if (urn::has(s, status::empty)) return "no token is left: every logit is -inf or NaN";
  if (urn::has(s, status::out_of_range)) return "the largest logit is too large for its temperature";
  if (urn::has(s, status::bad_argument)) return "a parameter was refused";
  return "the row or its edits need more memory";
}

std::string choice_text(const urn::choice& c, const std::string& whose) {
  const auto share = [&](std::uint64_t x) {
    return fixed(static_cast<double>(x) / static_cast<double>(c.total), 6);
  };
  return "The point " + share(c.point) + " fell into the interval [" + share(c.from) + ", " + share(c.to) +
         ") of " + whose + ".";
}

}  // namespace

std::string fixed(double x, int digits) {
  std::array<char, 64> text{};
  return {text.data(),
          std::to_chars(text.data(), text.data() + text.size(), x, std::chars_format::fixed, digits).ptr};
}
std::string percent(double share) {
  return fixed(100 * share, share >= 0.9995 ? 0 : share >= 0.1 ? 1 : 2) + "%";
}

std::vector<shown_token> shown_tokens(const picture& p, std::size_t i) {
  const urn::trace_step& after = p.trace.steps[i];
  const urn::trace_step& before = p.trace.steps[i == 0 ? 0 : i - 1];
  std::vector<shown_token> all;
  for (const std::size_t at : before.best(p.top)) add(all, before.tokens[at], before, after);
  if (after.passed) {
    for (const std::size_t at : after.best(p.top)) add(all, after.tokens[at], before, after);
  }
  add(all, p.trace.drawn.token, before, after);
  return all;
}

std::string counts_of(const picture& p, std::size_t i) {
  const urn::trace_step& step = p.trace.steps[i];
  if (!step.passed) return "the row fails here: " + words_of(p.trace.drawn.status);
  std::string text = std::to_string(step.size()) + (step.size() == 1 ? " token" : " tokens");
  if (i > 0 && !step.removed.empty()) text += ", " + std::to_string(step.removed.size()) + " removed";
  if (i > 0 && !step.added.empty()) text += ", " + std::to_string(step.added.size()) + " added";
  if (i > 0 && !step.changed.empty()) text += ", " + std::to_string(step.changed.size()) + " changed";
  return text + "; mass " + percent(static_cast<double>(step.mass)) + ", entropy " +
         fixed(static_cast<double>(step.entropy), 3);
}

std::vector<std::string> end_of(const picture& p) {
  const urn::trace& t = p.trace;
  const urn::token_id token = t.drawn.token;
  if (token == urn::no_token) return {"No token was drawn: " + words_of(t.drawn.status) + "."};
  const urn::trace_step& last = t.steps.back();
  const std::string place = std::to_string(last.rank(token)) + " of " + std::to_string(last.size());
  std::vector<std::string> lines{"Drawn: " + p.name_of(token) + ", id " + std::to_string(token) +
                                 ", number " + place + " with probability " +
                                 percent(last.probability(last.find(token))) + "; number " +
                                 std::to_string(t.steps[0].rank(token)) + " of " +
                                 std::to_string(t.steps[0].size()) + " as the row came."};
  if (t.choices.empty())
    lines.push_back("No point on a line decided: " + last.stage +
                    (last.size() == 1 ? ", one token left." : "."));
  if (t.choices.size() == 2) lines.push_back(choice_text(t.choices[0], "its block of 1024 tokens"));
  if (!t.choices.empty())
    lines.push_back(
        choice_text(t.choices.back(), t.choices.size() == 2 ? "the token in the block" : "the token"));
  return lines;
}
