#include <cstdio>
#include <string>
#include <string_view>
#include <urn/urn.hpp>

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
  std::printf("%s|\n", shown.c_str());
  return shown == "Farewell.\n" ? 0 : 1;
}
