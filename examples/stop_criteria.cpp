#include <cstdio>
#include <string>
#include <string_view>
#include <urn/urn.hpp>
#include <utility>

// [criterion]
/// Stops where the first object of a JSON text is closed; what follows is dropped.
struct json_object_end {
  struct state {
    int depth = 0;
    bool quoted = false, escaped = false, ended = false;
  };
  static constexpr state start() { return {}; }

  static constexpr urn::stop_decision update(state& s, const urn::stop_input& input) {
    urn::stop_decision decision;
    for (std::size_t i = 0; i < input.text.size(); ++i) {
      if (closes(s, input.text[i]))
        decision = {.reason = urn::stop_reason::stop, .drop = input.text.size() - i - 1};
    }
    return decision;
  }

 private:
  /// Whether the object is complete with this character.
  static constexpr bool closes(state& s, char c) {
    const bool was_escaped = std::exchange(s.escaped, s.quoted && c == '\\' && !s.escaped);
    if (c == '"' && !was_escaped) s.quoted = !s.quoted;
    if (s.quoted || s.ended) return false;
    s.depth += c == '{' ? 1 : c == '}' ? -1 : 0;
    return s.ended = c == '}' && s.depth == 0;
  }
};

const auto stop_at_object = json_object_end{} | urn::max_tokens{200};
// [/criterion]

int main() {
  std::string shown;
  // [stop]
  const auto stop = urn::max_tokens{64} | urn::end_token{0} | urn::stop_text{"\n\n", "THE END"};
  auto state = stop.start();
  urn::text_release release;
  for (const std::string_view piece : {"Farewell.", "\nT", "HE", " E", "ND", " never shown"}) {
    const urn::stop_decision decision = stop.update(state, {.token = 7, .text = piece});
    shown += release.push(piece, decision);  // "Farewell.", "\n", "", "", ""
    if (decision.stop()) break;
  }
  // [/stop]

  std::string object;
  auto at_object = stop_at_object.start();
  urn::text_release objects;
  for (const std::string_view piece :
       {R"({"a": )", R"("}\")", R"({", "b": {)", "}} and so on", " never shown"}) {
    const urn::stop_decision decision = stop_at_object.update(at_object, {.token = 7, .text = piece});
    object += objects.push(piece, decision);
    if (decision.stop()) break;
  }
  std::printf("%s|\n%s|\n", shown.c_str(), object.c_str());
  return shown == "Farewell.\n" && object == R"({"a": "}\"{", "b": {}})" ? 0 : 1;
}
