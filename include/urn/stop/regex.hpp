#pragma once
/// \file
/// Regular expressions as automata without empty steps.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "urn/stop/stop.hpp"
#include "urn/stop/utf8.hpp"

namespace urn::detail {

/// Characters, as ranges of code points that include both ends; after normalize() sorted and disjoint.
struct character_set {
  struct range {
    char32_t low, high;
  };
  static constexpr char32_t last = 0x10FFFF;

  std::vector<range> ranges;

  bool contains(char32_t c) const {
    const auto at = std::partition_point(ranges.begin(), ranges.end(), [c](range r) { return r.high < c; });
    return at != ranges.end() && at->low <= c;
  }

  void add(const character_set& other) {
    ranges.insert(ranges.end(), other.ranges.begin(), other.ranges.end());
  }

  character_set normalize() const {
    character_set sorted = *this, result;
    std::sort(sorted.ranges.begin(), sorted.ranges.end(), [](range a, range b) { return a.low < b.low; });
    for (const range r : sorted.ranges) {
      const bool joins = !result.ranges.empty() && r.low <= result.ranges.back().high;
      if (!joins) result.ranges.push_back(r);
      result.ranges.back().high = std::max(result.ranges.back().high, r.high);
    }
    return result;
  }

  character_set complement() const {
    character_set result;
    char32_t next = 0;
    for (const range r : normalize().ranges) {
      if (next < r.low) result.ranges.push_back({next, r.low - 1});
      next = r.high + 1;
    }
    if (next <= last) result.ranges.push_back({next, last});
    return result;
  }
};

/// The automaton of Glushkov ("The abstract theory of automata", 1961): a state for each character or class
/// of the expression, with repetitions counted out, entered by that character and by nothing else.
struct regex_automaton {
  struct position {
    character_set set;
    std::vector<std::uint32_t> follow;  ///< what may come next
    bool ends = false;                  ///< a match may end here
  };
  std::vector<position> positions;
  std::vector<std::uint32_t> first;  ///< where a match may begin

  stop_status status = stop_status::ok;
  std::size_t fault = 0;  ///< the byte of the expression where what is wrong stands
};

/// Reads an expression; see stop_regex for what it may hold.
class regex_parser {
 public:
  static constexpr std::size_t max_positions = 1000, max_depth = 100;

  static regex_automaton parse(std::string_view text) {
    regex_parser parser(text);
    if (is_utf8(text)) {
      parser.finish(parser.alternatives(0));
    } else {
      parser.fail(stop_status::not_utf8, 0);
    }
    return std::move(parser.result_);
  }

 private:
  using indices = std::vector<std::uint32_t>;

  // A part of the expression: the positions it may begin and end with, and whether it matches nothing.
  struct fragment {
    bool nullable = false;
    indices first, last;
  };

  struct bounds {
    std::size_t least = 1, most = 1;
  };
  static constexpr std::size_t unbounded = SIZE_MAX;

  explicit regex_parser(std::string_view text) : text_(text) {}

  bool ok() const { return result_.status == stop_status::ok; }
  bool at(std::string_view any) const {
    return at_ < text_.size() && any.find(text_[at_]) != std::string_view::npos;
  }
  bool take(char c) {
    const bool here = at_ < text_.size() && text_[at_] == c;
    at_ += here ? 1 : 0;
    return here;
  }

  // Keeps the first fault and goes to the end, where every loop ends.
  void fail(stop_status status, std::size_t where) {
    if (ok()) {
      result_.status = status;
      result_.fault = where;
    }
    at_ = text_.size();
  }

  void finish(const fragment& all) {
    if (at_ < text_.size()) fail(stop_status::regex_group, at_);
    if (all.nullable) fail(stop_status::regex_matches_empty, 0);
    for (auto& p : result_.positions) keep_one_of_each(p.follow);
    for (const auto p : all.last) result_.positions[p].ends = true;
    result_.first = all.first;
  }

  fragment alternatives(std::size_t depth) {
    fragment result = sequence(depth);
    while (take('|')) {
      const fragment other = sequence(depth);
      result.nullable = result.nullable || other.nullable;
      append(result.first, other.first);
      append(result.last, other.last);
    }
    return result;
  }

  fragment sequence(std::size_t depth) {
    if (at_ == text_.size() || at("|)")) {
      fail(stop_status::regex_empty, at_);
      return {};
    }
    fragment result = repeated(depth);
    while (at_ < text_.size() && !at("|)")) then(result, repeated(depth));
    return result;
  }

  // Each repetition has positions of its own, so its text is read once for each.
  fragment repeated(std::size_t depth) {
    const std::size_t from = at_;
    fragment result = atom(depth);
    const bounds times = repetition();
    const std::size_t after = at_;
    const std::size_t copies = times.most == unbounded ? std::max<std::size_t>(times.least, 1) : times.most;
    if (copies == 1 && times.most == unbounded) follow(result.last, result.first);
    result.nullable = result.nullable || times.least == 0;
    for (std::size_t copy = 2; copy <= copies && ok(); ++copy) {
      at_ = from;
      fragment next = atom(depth);
      if (copy == copies && times.most == unbounded) follow(next.last, next.first);
      next.nullable = next.nullable || copy > times.least;
      then(result, next);
    }
    if (ok()) at_ = after;
    return result;
  }

  bounds repetition() {
    const std::size_t from = at_;
    bounds times;
    if (take('*'))
      times = {0, unbounded};
    else if (take('+'))
      times = {1, unbounded};
    else if (take('?'))
      times = {0, 1};
    else if (take('{'))
      times = braces(from);
    else
      return times;
    if (at("*+?{")) fail(stop_status::regex_repeat, at_);
    return times;
  }

  bounds braces(std::size_t from) {
    bounds times;
    times.least = times.most = number(from);
    if (take(',')) times.most = at("}") ? unbounded : number(from);
    if (!take('}') || times.most == 0 || times.least > times.most) fail(stop_status::regex_repeat, from);
    return times;
  }

  std::size_t number(std::size_t from) {
    if (!at("0123456789")) fail(stop_status::regex_repeat, from);
    std::size_t value = 0;
    for (; at("0123456789"); ++at_)
      value = std::min(value * 10 + static_cast<std::size_t>(text_[at_] - '0'), max_positions + 1);
    if (value > max_positions) fail(stop_status::regex_too_large, from);
    return value;
  }

  fragment atom(std::size_t depth) {
    if (at("(")) return group(depth);
    if (at("[")) return position(character_class());
    if (at("\\")) return position(escape());
    if (take('.')) return position(character_set{{{'\n', '\n'}}}.complement());
    if (at("^$")) fail(stop_status::regex_anchor, at_);
    if (at("*+?{}")) fail(stop_status::regex_repeat, at_);
    if (at("]")) fail(stop_status::regex_class, at_);
    return position(character());
  }

  fragment group(std::size_t depth) {
    const std::size_t from = at_++;
    if (depth == max_depth || at("?")) fail(stop_status::regex_group, from);
    if (!ok()) return {};
    fragment inside = alternatives(depth + 1);
    if (!take(')')) fail(stop_status::regex_group, from);
    return inside;
  }

  character_set character_class() {
    const std::size_t from = at_++;
    const bool negated = take('^');
    character_set set;
    while (at_ < text_.size() && !at("]")) add_member(set, from);
    if (!take(']') || set.ranges.empty()) fail(stop_status::regex_class, from);
    set = negated ? set.complement() : set.normalize();
    if (set.ranges.empty()) fail(stop_status::regex_class, from);
    return set;
  }

  void add_member(character_set& set, std::size_t from) {
    const character_set low = member();
    if (!at("-") || text_.substr(at_ + 1, 1) == "]") return set.add(low);
    ++at_;
    const character_set high = member();
    const bool range = single(low) && single(high) && low.ranges[0].low <= high.ranges[0].low;
    if (!range) return fail(stop_status::regex_class, from);
    set.ranges.push_back({low.ranges[0].low, high.ranges[0].low});
  }

  // [ must be escaped: in some languages it begins a class within the class.
  character_set member() {
    if (at("[")) fail(stop_status::regex_class, at_);
    return at("\\") ? escape() : character();
  }

  static bool single(const character_set& set) {
    return set.ranges.size() == 1 && set.ranges[0].low == set.ranges[0].high;
  }

  character_set character() {
    if (at_ == text_.size()) return {};
    const auto bytes = text_.substr(at_, utf8_length(text_[at_]));
    at_ += bytes.size();
    const char32_t c = utf8_decode(bytes);
    return {{{c, c}}};
  }

  character_set escape() {
    const std::size_t from = at_++;
    const char c = at_ < text_.size() ? text_[at_++] : '\0';
    const auto code = static_cast<char32_t>(static_cast<unsigned char>(c));
    switch (c) {
      case 'd': return {{{'0', '9'}}};
      case 'w': return {{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}};
      case 's': return {{{'\t', '\r'}, {' ', ' '}}};
      case 'D': return character_set{{{'0', '9'}}}.complement();
      case 'W': return character_set{{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}}.complement();
      case 'S': return character_set{{{'\t', '\r'}, {' ', ' '}}}.complement();
      case 'n': return {{{'\n', '\n'}}};
      case 't': return {{{'\t', '\t'}}};
      case 'r': return {{{'\r', '\r'}}};
      case 'f': return {{{'\f', '\f'}}};
      case 'v': return {{{'\v', '\v'}}};
      case 'b':
      case 'B':
      case 'A':
      case 'Z':
      case 'z': fail(stop_status::regex_anchor, from); return {};
      default: break;
    }
    const bool letter = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (letter || code <= ' ' || code >= 0x7F) fail(stop_status::regex_escape, from);
    return {{{code, code}}};
  }

  fragment position(character_set set) {
    if (result_.positions.size() == max_positions) fail(stop_status::regex_too_large, at_);
    if (!ok()) return {};
    const auto index = static_cast<std::uint32_t>(result_.positions.size());
    result_.positions.push_back({.set = std::move(set), .follow = {}});
    return {.first = {index}, .last = {index}};
  }

  // left followed by right.
  void then(fragment& left, const fragment& right) {
    follow(left.last, right.first);
    if (left.nullable) append(left.first, right.first);
    if (!right.nullable) left.last.clear();
    append(left.last, right.last);
    left.nullable = left.nullable && right.nullable;
  }

  void follow(const indices& from, const indices& to) {
    for (const auto p : from) {
      auto& next = result_.positions[p].follow;
      append(next, to);
      if (next.size() > 2 * max_positions) keep_one_of_each(next);  // of ((a*)*)*
    }
  }

  static void keep_one_of_each(indices& list) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  }

  static void append(indices& to, const indices& more) { to.insert(to.end(), more.begin(), more.end()); }

  std::string_view text_;
  std::size_t at_ = 0;
  regex_automaton result_;
};

}  // namespace urn::detail
