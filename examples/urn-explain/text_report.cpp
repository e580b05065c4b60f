#include <algorithm>
#include <cmath>

#include "picture.hpp"

namespace {

constexpr std::size_t bar_width = 24;

struct paint {
  bool on;
  std::string operator()(const char* code, const std::string& text) const {
    return on ? "\033[" + std::string(code) + "m" + text + "\033[0m" : text;
  }
};
constexpr const char *bold = "1", *dim = "2", *green = "1;32", *red = "31", *blue = "34";

/// The characters of UTF-8 text.
std::size_t length(const std::string& text) {
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins));
}
std::string padded(const std::string& text, std::size_t width) {
  const std::size_t n = length(text);
  return n < width ? text + std::string(width - n, ' ') : text;
}
std::string right(const std::string& text, std::size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

/// Eighths of a character.
std::string bar(double share) {
  constexpr const char* parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto eighths = static_cast<std::size_t>(std::lround(share * 8 * bar_width));
  std::string text;
  for (std::size_t i = 0; i < eighths / 8; ++i) text += "█";
  return text + parts[eighths % 8];
}

std::string row_text(const picture& p, const shown_token& t, bool first, bool passed) {
  const paint coloured{p.colour};
  const bool drawn = t.token == p.trace.drawn.token;
  std::string line = drawn ? " * " : "   ";
  line += coloured(drawn ? green : t.is || !passed ? "0" : dim, padded(p.name_of(t.token), 14)) + " ";
  if (!first) line += right(t.was ? percent(t.before) : "-", 7) + (passed ? " -> " : "");
  if (!passed) return line;
  if (!t.is) return line + coloured(red, "removed");
  return line + right(percent(t.after), 7) + " " + coloured(drawn ? green : blue, bar(t.after));
}

}  // namespace

std::string text_report(const picture& p) {
  const paint coloured{p.colour};
  std::string text = p.title + "\n";
  for (std::size_t i = 0; i < p.trace.steps.size(); ++i) {
    const urn::trace_step& step = p.trace.steps[i];
    text.append("\n").append(coloured(bold, step.stage)).append("  ").append(counts_of(p, i)).append("\n");
    for (const shown_token& t : shown_tokens(p, i)) text += row_text(p, t, i == 0, step.passed) + "\n";
  }
  text += "\n";
  for (const std::string& line : end_of(p)) text += coloured(bold, line) + "\n";
  return text;
}
