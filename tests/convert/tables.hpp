#pragma once
// What becomes of each field, found by conversions: the tables of docs/convert.md.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "convert/engines.hpp"
#include "support/params.hpp"
#include "urn/client/params_json.hpp"

namespace urn::test {

/// Parameters of which one field is looked at.
struct probe {
  std::string field;
  std::function<void(sampling_params&)> change;  ///< of this field
  sampling_params among{};                       ///< the others
};

inline std::vector<probe> probes() {
  using p = sampling_params;
  const p with_stop = changed([](p& x) { x.stop = std::string("x"); });
  const p top_1 = changed([](p& x) { x.top_k = 1; });
  const p listing = changed([](p& x) { x.logprobs = 1; });
  const auto bias = [](float b) { return [b](p& x) { x.logit_bias = {{5, b}}; }; };
  return {
      {"max_tokens", [](p& x) { x.max_tokens = 64; }},
      {"max_tokens", [](p&) {}},
      {"seed", [](p& x) { x.seed = 42; }},
      {"seed", [](p& x) { x.seed = ~std::uint64_t{0}; }},
      {"stop", [](p& x) { x.stop = strings(40, "x"); }},
      {"stop", [](p& x) { x.stop = tokens{1}; }},
      {"stop_regex", [](p& x) { x.stop_regex = strings(40, "x"); }},
      {"stop_regex", [](p& x) { x.stop_regex = {R"(\d)"}; }},
      {"repetition_detection",
       [](p& x) {
         x.repetition_detection = {4, 1, 2};
       }},
      {"temperature", [](p& x) { x.temperature = 0.7F; }},
      {"temperature", [](p& x) { x.temperature = 0.005F; }},
      {"temperature", [](p& x) { x.temperature = 3; }},
      {"temperature", [](p& x) { x.temperature = 0; }},
      {"top_k", [](p& x) { x.top_k = 40; }},
      {"top_p", [](p& x) { x.top_p = 0.9F; }},
      {"min_p", [](p& x) { x.min_p = 0.05F; }},
      {"repetition_penalty", [](p& x) { x.repetition_penalty = 2.5F; }},
      {"frequency_penalty", [](p& x) { x.frequency_penalty = 1; }},
      {"presence_penalty", [](p& x) { x.presence_penalty = 1; }},
      {"min_tokens", [](p& x) { x.min_tokens = 3; }},
      {"logit_bias", bias(1.5F)},
      {"logit_bias", bias(-infinity)},
      {"logit_bias", bias(infinity)},
      {"allowed_token_ids",
       [](p& x) {
         x.allowed_token_ids = {{5, 7}};
       }},
      {"bad_words", [](p& x) { x.bad_words = {"bad"}; }},
      {"bad_words", [](p& x) { x.bad_words = {" "}; }},
      {"logprobs", [](p& x) { x.logprobs = 0; }},
      {"logprobs", [](p& x) { x.logprobs = 50; }},
      {"prompt_logprobs", [](p& x) { x.prompt_logprobs = 0; }},
      {"prompt_logprobs", [](p& x) { x.prompt_logprobs = 5; }, listing},
      {"num_samples", [](p& x) { x.num_samples = 4; }},
      {"num_samples", [](p& x) { x.num_samples = 4; }, greedy()},
      {"num_samples", [](p& x) { x.num_samples = 4; }, top_1},
      {"ignore_eos", [](p& x) { x.ignore_eos = true; }},
      {"include_stop_in_output", [](p& x) { x.include_stop_in_output = true; }, with_stop},
      {"include_stop_in_output", [](p&) {}, with_stop},
      {"deadline", [](p& x) { x.deadline = std::chrono::milliseconds(1500); }},
  };
}

inline void add_once(std::vector<std::string>& list, const std::string& text) {
  if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
}
inline std::string joined(const std::vector<std::string>& list, const char* between) {
  std::string text;
  for (const std::string& one : list) text += (text.empty() ? "" : between) + one;
  return text;
}

/// The names of the arguments that are not in `before` as they are in `after`.
inline void add_changes(const nlohmann::ordered_json& before, const nlohmann::ordered_json& after,
                        std::vector<std::string>& names) {
  for (const auto& [name, value] : after.items()) {
    const auto old = before.find(name);
    if (old != before.end() && *old == value) continue;
    if (value.is_object() && old != before.end()) {
      add_changes(*old, value, names);
    } else {
      add_once(names, "`" + name + "`");
    }
  }
}

/// A line for each field: the arguments it becomes, and what is lost of it.
inline std::string table_of(const engine& e) {
  std::map<std::string, std::vector<std::string>> arguments;
  std::map<std::string, std::vector<std::string>> lost;
  std::vector<std::string> fields;
  for (const probe& look : probes()) {
    add_once(fields, look.field);
    sampling_params params = look.among;
    const conversion before = e.write(params, on_loss::report);
    look.change(params);
    const conversion after = e.write(params, on_loss::report);
    add_changes(before.arguments, after.arguments, arguments[look.field]);
    if (before.seed != after.seed) add_once(arguments[look.field], "`conversion::seed`");
    for (const loss& l : after.losses) add_once(lost[l.field], l.happens);
  }
  std::string text = "| field | becomes | what is lost |\n| --- | --- | --- |\n";
  for (const std::string& field : fields) {
    text +=
        "| `" + field + "` | " + joined(arguments[field], ", ") + " | " + joined(lost[field], "; ") + " |\n";
  }
  return text;
}

inline std::string file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Where the table of an engine stands in a page: from after its mark to the next empty line.
inline std::pair<std::size_t, std::size_t> place_of_table(const std::string& page, const engine& e) {
  const std::string mark = "<!-- table: " + e.title + " -->\n";
  const std::size_t at = page.find(mark);
  if (at == std::string::npos) return {page.size(), 0};
  const std::size_t start = at + mark.size();
  return {start, std::min(page.find("\n\n", start - 1), page.size()) + 1 - start};
}

/// Puts the tables into a page.
inline void write_tables(const std::string& path) {
  std::string page = file_text(path);
  for (const engine& e : engines()) {
    const auto [start, length] = place_of_table(page, e);
    page.replace(start, length, table_of(e));
  }
  std::ofstream(path, std::ios::binary) << page;
}

}  // namespace urn::test
