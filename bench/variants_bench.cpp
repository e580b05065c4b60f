// variants: what ways to sample cost, and what texts they give. Each continues the same prompts with the same
// seeds, by a model in the Hugging Face layout; the table of docs/variants.md is its output on the default
// model:
//
//     variants.avx2 [--model DIR] [--prompts FILE] [--samples N] [--tokens N] [--svg FILE] [--html FILE]
//
// The prompts are the lines of a file, \t and \n for tabs and line ends.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "urn/core/error.hpp"
#include "urn/explain/stage_text.hpp"
#include "urn/kernel/simd/policy.hpp"
#include "urn/model/tokenizer.hpp"
#include "urn/model/transformer.hpp"
#include "urn/urn.hpp"

namespace {

struct options {
  std::string model = URN_BENCH_DEFAULT_MODEL;
  std::string prompts, svg, html;
  std::size_t samples = 8;
  std::size_t tokens = 128;
};

/// What adapts, of one text.
struct feedback {
  urn::mirostat_state mirostat{{.tau = 4}};
  urn::adaptive_p_state adaptive{{.target = 0.3F}};
  void accept(const urn::draw& d) {
    mirostat.accept(d);
    adaptive.accept(d);
  }
};

struct text {
  std::vector<urn::token_id> prompt, output;
  urn::transformer::sequence past;
  feedback state{};
};

/// A column of the report.
struct measure {
  const char* name;
  const char* unit;
  int digits;
};
constexpr std::size_t measure_count = 8;
constexpr measure measures[measure_count] = {
    {"draw", "us", 2},      {"candidates", "", 1},  {"entropy", "nats", 2}, {"logprob", "nats", 2},
    {"distinct-1", "%", 1}, {"distinct-2", "%", 1}, {"distinct-3", "%", 1}, {"repetition", "%", 1}};

struct result {
  std::string name;
  double values[measure_count];
};

/// The shares of different n-grams among all, and of 4-grams that their own text had before.
class ngrams {
 public:
  void add(const std::vector<urn::token_id>& ids) {
    for (std::size_t n = 1; n <= 3; ++n) {
      for (std::size_t i = 0; i + n <= ids.size(); ++i) {
        const auto at = ids.begin() + static_cast<std::ptrdiff_t>(i);
        different_[n - 1].emplace(at, at + static_cast<std::ptrdiff_t>(n));
        ++all_[n - 1];
      }
    }
    std::set<std::vector<urn::token_id>> seen;
    for (std::size_t i = 0; i + 4 <= ids.size(); ++i, ++fours_) {
      const auto at = ids.begin() + static_cast<std::ptrdiff_t>(i);
      repeated_ += seen.emplace(at, at + 4).second ? 0 : 1;
    }
  }
  [[nodiscard]] double distinct(std::size_t n) const {
    return percent(different_[n - 1].size(), all_[n - 1]);
  }
  [[nodiscard]] double repetition() const { return percent(repeated_, fours_); }

 private:
  static double percent(std::size_t part, std::size_t all) {
    return 100 * static_cast<double>(part) / static_cast<double>(std::max<std::size_t>(1, all));
  }
  std::set<std::vector<urn::token_id>> different_[3];
  std::size_t all_[3] = {}, repeated_ = 0, fours_ = 0;
};

double median(std::vector<double> all) {
  if (all.empty()) return 0;
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::nth_element(all.begin(), middle, all.end());
  return *middle;
}

class experiment {
 public:
  experiment(options asked, std::vector<std::string> prompts)
      : asked_(std::move(asked)),
        model_(urn::transformer::load(asked_.model)),
        words_(urn::tokenizer::from_file(asked_.model + "/tokenizer.json")),
        scratch_(model_.vocabulary_size(), 4 * model_.vocabulary_size()) {
    for (const std::string& prompt : prompts) add_prompt(prompt);
  }

  /// Continues all prompts by `make(feedback)`, a pipeline up to its sampler; it names itself, but for what
  /// adapts.
  template <class Make>
  void run(const Make& make, std::string name = {}) {
    if (name.empty()) name = urn::stage_text(make(feedback{}));
    result r{std::move(name), {}};
    for (std::size_t at; (at = r.name.find(" | categorical")) != std::string::npos;) r.name.erase(at, 14);
    ngrams found;
    std::vector<double> microseconds;
    double entropy = 0, candidates = 0, logprob = 0, draws = 0;
    std::vector<text> texts = start();
    std::vector<urn::token_id> last(texts.size());
    for (std::size_t step = 0; step < asked_.tokens; ++step) {
      for (std::size_t i = 0; i < texts.size(); ++i) {
        text& t = texts[i];
        const std::span<const float> row =
            step == 0 ? std::span<const float>(first_[i / asked_.samples]) : std::as_const(logits_).row(i);
        urn::kept_summary summary;
        const auto pipeline = make(t.state);
        const urn::draw_context context{.history = {t.prompt, t.output},
                                        .seed = 1,
                                        .sequence = i,
                                        .step = static_cast<std::uint32_t>(step),
                                        .summary = &summary};
        const urn::draw d = (pipeline | urn::logprobs{} | urn::kept_set{})(urn::simd, row, context, scratch_);
        microseconds.push_back(time_of(pipeline, row, context));
        if (d.token == urn::no_token) throw urn::error(r.name, "a row gave no token");
        t.output.push_back(last[i] = d.token);
        t.state.accept(d);
        entropy += static_cast<double>(summary.entropy);
        logprob += static_cast<double>(d.raw_logprob);
        candidates += d.kept;
        ++draws;
      }
      forward(texts, last);
    }
    for (const text& t : texts) found.add(t.output);
    const double values[measure_count] = {median(microseconds), candidates / draws, entropy / draws,
                                          logprob / draws,      found.distinct(1),  found.distinct(2),
                                          found.distinct(3),    found.repetition()};
    std::copy(std::begin(values), std::end(values), r.values);
    std::fprintf(stderr, "%s\n", r.name.c_str());
    results.push_back(std::move(r));
  }

  std::vector<result> results;

 private:
  void add_prompt(const std::string& prompt) {
    prompts_.push_back(words_.encode(prompt));
    if (prompts_.back().empty())
      throw urn::error("--prompts", "a prompt is empty", "write a text on each line");
    if (prompts_.back().size() + asked_.tokens > model_.context_size())
      throw urn::error("--tokens", std::to_string(asked_.tokens) + " do not fit behind '" + prompt + "'",
                       "the context holds " + std::to_string(model_.context_size()));
    pasts_.push_back(model_.make_sequence());
    const urn::forward_item<urn::transformer::sequence> item{&pasts_.back(), prompts_.back()};
    model_.forward({&item, 1}, logits_);
    first_.emplace_back(logits_.row(0).begin(), logits_.row(0).end());
  }
  std::vector<text> start() const {
    std::vector<text> texts;
    for (std::size_t p = 0; p < prompts_.size(); ++p) {
      for (std::size_t i = 0; i < asked_.samples; ++i) texts.push_back({prompts_[p], {}, pasts_[p].fork()});
    }
    return texts;
  }
  void forward(std::vector<text>& texts, const std::vector<urn::token_id>& last) {
    std::vector<urn::forward_item<urn::transformer::sequence>> batch;
    for (std::size_t i = 0; i < texts.size(); ++i)
      batch.push_back({&texts[i].past, std::span(last).subspan(i, 1)});
    model_.forward(batch, logits_);
  }
  /// Of one draw without reports, the row in the cache, by the fastest of some.
  template <class Pipeline>
  double time_of(const Pipeline& pipeline, std::span<const float> row, const urn::draw_context& context) {
    double least = 1e9;
    for (int i = 0; i < 3; ++i) {
      const auto start = std::chrono::steady_clock::now();
      const urn::draw d = urn::draw_row(urn::simd, pipeline, row, context, scratch_);
      const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
      if (d.token != urn::no_token) least = std::min(least, took.count());
    }
    return least;
  }

  options asked_;
  urn::transformer model_;
  urn::tokenizer words_;
  urn::workspace scratch_;
  std::vector<std::vector<urn::token_id>> prompts_;
  std::vector<urn::transformer::sequence> pasts_;
  std::vector<std::vector<float>> first_;
  urn::logits_buffer logits_;
};

void run_all(experiment& e) {
  using namespace urn;
  const auto same = [&](const auto& stages) { e.run([=](const feedback&) { return stages; }); };
  constexpr categorical end{};
  constexpr temperature warm{0.8F};
  same(greedy{});
  same(temperature{1} | end);
  same(warm | end);
  same(warm | top_k{40} | end);
  same(warm | top_p{0.9F} | end);
  same(warm | min_p{0.1F} | end);
  same(warm | typical{0.9F} | end);
  same(warm | eta_cutoff{3e-3F} | end);
  same(warm | top_n_sigma{1.5F} | end);
  same(warm | top_h{0.4F} | end);
  same(warm | tail_free{0.95F} | end);
  same(dynamic_temperature{0.5F, 1.2F} | end);
  same(min_p{0.05F} | xtc{0.1F, 0.5F, {}} | end);
  same(penalties{1.2F} | warm | top_p{0.9F} | end);
  same(dry{.multiplier = 0.8F, .breakers = {}} | warm | top_p{0.9F} | end);
  same(no_repeat_ngram{3} | warm | top_p{0.9F} | end);
  e.run([](const feedback& f) { return mirostat_v2{f.mirostat.mu()}; }, "mirostat_v2, tau 4");
  e.run([](const feedback& f) { return min_p{0.05F} | adaptive_p{f.adaptive.target()}; },
        "min_p{0.05} | adaptive_p, target 0.3");
}

std::string fixed(double x, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, x);
  return text;
}
std::string header(const measure& m) {
  return std::string(m.name) + (*m.unit == '\0' ? "" : std::string(", ") + m.unit);
}

std::string markdown(const std::vector<result>& results) {
  std::string table = "| pipeline |";
  for (const measure& m : measures) table.append(" ").append(header(m)).append(" |");
  table += "\n| --- |";
  for (std::size_t i = 0; i < measure_count; ++i) table += " ---: |";
  for (const result& r : results) {
    std::string name;
    for (const char c : r.name) name += c == '|' ? "\\|" : std::string(1, c);
    table += "\n| `" + name + "` |";
    for (std::size_t i = 0; i < measure_count; ++i)
      table.append(" ").append(fixed(r.values[i], measures[i].digits)).append(" |");
  }
  return table + "\n";
}

/// A row for each pipeline, a column of bars for each measure.
std::string svg(const std::vector<result>& results) {
  constexpr double left = 400, column = 116, row = 20;
  const double height = 40 + row * static_cast<double>(results.size());
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " +
                    fixed(left + column * measure_count, 0) + " " + fixed(height, 0) +
                    "\"><style>svg{background:#fff}text{font:12px sans-serif;fill:#1b1f24}rect{fill:#9cc3ec}"
                    "@media(prefers-color-scheme:dark){svg{background:#14171b}text{fill:#e6e8eb}rect{fill:#"
                    "2a5f97}}</style>\n";
  const auto label = [&](double x, double y, const std::string& words, const char* anchor = "start") {
    out += "<text x=\"" + fixed(x, 0) + "\" y=\"" + fixed(y, 0) + "\" text-anchor=\"" + anchor + "\">" +
           words + "</text>\n";
  };
  for (std::size_t i = 0; i < measure_count; ++i) {
    const double x = left + column * static_cast<double>(i);
    label(x, 16, header(measures[i]));
    double most = 1e-9;
    for (const result& r : results) most = std::max(most, std::abs(r.values[i]));
    double y = 26;
    for (const result& r : results) {
      out += "<rect x=\"" + fixed(x, 0) + "\" y=\"" + fixed(y, 0) + "\" width=\"" +
             fixed((column - 12) * std::abs(r.values[i]) / most, 1) + "\" height=\"16\"/>\n";
      label(x + 3, y + 12, fixed(r.values[i], measures[i].digits));
      if (i == 0) label(left - 8, y + 12, r.name, "end");
      y += row;
    }
  }
  return out + "</svg>\n";
}

std::string html(const std::vector<result>& results) {
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><title>urn: ways to "
         "sample</title>"
         "<style>:root{color-scheme:light dark}body{margin:1rem}svg{width:100%}</style></head><body>" +
         svg(results) + "</body></html>\n";
}

/// Tabs and line ends for \t and \n.
std::string unescaped(const std::string& line) {
  std::string text;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char next = i + 1 < line.size() ? line[i + 1] : ' ';
    const bool is_escape = line[i] == '\\' && (next == 't' || next == 'n');
    text.push_back(!is_escape ? line[i] : next == 't' ? '\t' : '\n');
    i += is_escape ? 1 : 0;
  }
  return text;
}

std::vector<std::string> prompts_of(const std::string& path) {
  if (path.empty())
    return {"ROMEO\t",         "JULIET\t", "First Witch\t",      "KING HENRY V\t",
            "HAMLET\tTo be, ", "\tO, ",    "OPHELIA\tMy lord, ", "Enter PROSPERO"};
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(unescaped(line));
  }
  if (lines.empty()) throw urn::error("--prompts " + path, "there are no lines", "write a prompt on each");
  return lines;
}

std::size_t count_of(const std::string& name, const std::string& value) {
  const long n = std::strtol(value.c_str(), nullptr, 10);
  if (n < 1) throw urn::error(name, "'" + value + "' is not a number above 0", "write " + name + " 8");
  return static_cast<std::size_t>(n);
}

options options_of(std::span<char*> arguments) {
  options o;
  const std::map<std::string, std::string*> texts{
      {"--model", &o.model}, {"--prompts", &o.prompts}, {"--svg", &o.svg}, {"--html", &o.html}};
  for (std::size_t i = 1; i < arguments.size(); i += 2) {
    const std::string name = arguments[i];
    if (i + 1 == arguments.size())
      throw urn::error(name, "a value is missing", "see the first lines of the source");
    const std::string value = arguments[i + 1];
    if (texts.contains(name)) {
      *texts.at(name) = value;
    } else if (name == "--samples") {
      o.samples = count_of(name, value);
    } else if (name == "--tokens") {
      o.tokens = count_of(name, value);
    } else {
      throw urn::error(name, "there is no such option",
                       "there are --model, --prompts, --samples, --tokens, --svg, --html");
    }
  }
  return o;
}

void write(const std::string& path, const std::string& content) {
  if (path.empty()) return;
  std::ofstream file(path, std::ios::binary);
  if (!(file << content << std::flush))
    throw urn::error(path, "it cannot be written", "name a file in a folder that exists");
}

}  // namespace

int main(int argc, char** argv) try {
  const options asked = options_of({argv, static_cast<std::size_t>(argc)});
  experiment e(asked, prompts_of(asked.prompts));
  run_all(e);
  std::fputs(markdown(e.results).c_str(), stdout);
  write(asked.svg, svg(e.results));
  write(asked.html, html(e.results));
  return 0;
} catch (const std::exception& wrong) {
  std::fprintf(stderr, "variants: %s\n", wrong.what());
  return 1;
}
