#include <cmath>

#include "picture.hpp"

namespace {

constexpr const char* style = R"(
:root { color-scheme: light dark; --back: #fff; --text: #1b1f24; --soft: #667; --line: #d5d9e0; --bar: #2a6fbb; --old: #b9c6d8; --drawn: #1a8a4a; --gone: #b3402f; }
@media (prefers-color-scheme: dark) { :root { --back: #14171b; --text: #e6e8eb; --soft: #9aa3ad; --line: #333a43; --bar: #5aa0ea; --old: #44546a; --drawn: #4cc47e; --gone: #e0806f; } }
body { background: var(--back); color: var(--text); font: 15px/1.45 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
section { border-top: 1px solid var(--line); padding: .6rem 0; }
h2 { font-size: 1rem; margin: 0; } h2 code { font-size: 1.05rem; } p { margin: .2rem 0; } .soft { color: var(--soft); }
svg { display: block; width: 100%; height: auto; } text { fill: var(--text); font: 12px system-ui, sans-serif; }
text.code { font-family: ui-monospace, monospace; } .soft text, text.soft { fill: var(--soft); } .bar { fill: var(--bar); } .old { fill: var(--old); }
.drawn { fill: var(--drawn); } text.drawn { font-weight: bold; } .gone { fill: var(--gone); } .axis { stroke: var(--line); } .point { stroke: var(--gone); stroke-width: 2; }
)";

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    const bool control = static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t';
    safe += c == '<'   ? "&lt;"
            : c == '>' ? "&gt;"
            : c == '&' ? "&amp;"
            : c == '"' ? "&quot;"
            : control  ? "?"
                       : std::string(1, c);
  }
  return safe;
}

std::string rect(const char* kind, double x, double y, double width, double height) {
  return "<rect class=\"" + std::string(kind) + "\" x=\"" + fixed(x, 1) + "\" y=\"" + fixed(y, 1) +
         "\" width=\"" + fixed(width, 1) + "\" height=\"" + fixed(height, 1) + "\"/>";
}
std::string label(const char* kind, double x, double y, const std::string& text,
                  const char* anchor = "start") {
  return "<text class=\"" + std::string(kind) + "\" x=\"" + fixed(x, 1) + "\" y=\"" + fixed(y, 1) +
         "\" text-anchor=\"" + anchor + "\">" + escaped(text) + "</text>";
}
std::string svg(double height, const std::string& content, const std::string& title) {
  return "<svg viewBox=\"0 0 960 " + fixed(height, 0) + "\" role=\"img\"><title>" + escaped(title) +
         "</title>" + content + "</svg>\n";
}

/// A token's line: its bar before the stage, thin and grey, and the one behind it.
std::string row_bars(const picture& p, const shown_token& t, double y, bool first) {
  constexpr double left = 190, scale = 600;
  const bool drawn = t.token == p.trace.drawn.token;
  std::string row = label(drawn ? "code drawn" : "code", left - 10, y + 12, p.name_of(t.token), "end");
  if (!first && t.was) row += rect("old", left, y + 12, scale * t.before, 4);
  if (t.is) row += rect(drawn ? "drawn" : "bar", left, y, scale * t.after, first ? 14 : 11);
  const std::string was = first ? "" : (t.was ? percent(t.before) : std::string("no candidate")) + " \u2192 ";
  return row +
         label(t.is ? "" : "gone", left + scale + 10, y + 12, was + (t.is ? percent(t.after) : "removed"));
}

std::string stage_section(const picture& p, std::size_t i) {
  const urn::trace_step& step = p.trace.steps[i];
  std::string bars;
  double y = 4;
  for (const shown_token& t : shown_tokens(p, i)) {
    bars += row_bars(p, t, y, i == 0);
    y += 21;
  }
  return "<section><h2><code>" + escaped(step.stage) + "</code></h2><p class=\"soft\">" +
         escaped(counts_of(p, i)) + "</p>\n" + (step.passed ? svg(y + 2, bars, step.stage) : "") +
         "</section>\n";
}

/// Candidates, on a logarithmic scale, and entropy, stage by stage.
std::string overview(const picture& p) {
  const std::vector<urn::trace_step>& steps = p.trace.steps;
  const double most = std::log(1 + static_cast<double>(steps[0].size()));
  std::string content =
      label("soft", 200, 12, "candidates (logarithmic)") + label("soft", 620, 12, "entropy");
  double y = 20;
  for (const urn::trace_step& s : steps) {
    const double n = most > 0 ? std::log(1 + static_cast<double>(s.size())) / most : 0;
    const auto entropy = static_cast<double>(s.entropy);
    content += label("code", 190, y + 12, s.stage, "end") + rect("bar", 200, y, 320 * n, 14) +
               label("", 205 + 320 * n, y + 12, std::to_string(s.size())) +
               rect("bar", 620, y, most > 0 ? 280 * entropy / most : 0, 14) +
               label("", 625 + (most > 0 ? 280 * entropy / most : 0), y + 12, fixed(entropy, 3));
    y += 20;
  }
  return svg(y + 2, content, "candidates and entropy behind each stage");
}

/// The line that the point fell on: the intervals of the last candidates, in the order of ids.
std::string point_line(const picture& p) {
  const urn::trace& t = p.trace;
  if (t.choices.size() != 1) return "";
  const urn::trace_step& last = t.steps.back();
  const urn::choice& c = t.choices[0];
  const auto x = [&](std::uint64_t mass) {
    return 10 + 940 * static_cast<double>(mass) / static_cast<double>(c.total);
  };
  std::string content;
  std::uint64_t from = 0;
  for (std::size_t i = 0; i < last.size(); ++i) {
    const std::uint64_t to = from + last.masses[i];
    const bool drawn = last.tokens[i] == t.drawn.token;
    const double width = x(to) - x(from);
    if (width >= 0.2 || drawn)
      content += rect(drawn ? "drawn" : i % 2 == 0 ? "bar" : "old", x(from), 20, width, 26);
    if (width > 50) content += label("code", (x(from) + x(to)) / 2, 62, p.name_of(last.tokens[i]), "middle");
    from = to;
  }
  const std::string at = fixed(x(c.point), 1);
  content += "<line class=\"point\" x1=\"" + at + "\" y1=\"8\" x2=\"" + at + "\" y2=\"52\"/>";
  return svg(70, content, "the point among the intervals of the candidates");
}

}  // namespace

std::string html_report(const picture& p) {
  const std::string title = "urn-explain: " + escaped(p.title);
  std::string page =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
      "<meta name=\"viewport\" content=\"width=device-width\"/><title>" +
      title + "</title><style>" + style + "</style></head>\n<body><h1>" + escaped(p.title) + "</h1>\n";
  for (const std::string& line : end_of(p)) page += "<p>" + escaped(line) + "</p>\n";
  page += point_line(p);
  if (!p.trace.steps.empty()) page += "<section>" + overview(p) + "</section>\n";
  for (std::size_t i = 0; i < p.trace.steps.size(); ++i) page += stage_section(p, i);
  return page + "</body></html>\n";
}
