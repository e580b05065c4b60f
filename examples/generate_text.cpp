#include <cstdio>
#include <string>
#include <urn/generate/generate.hpp>
#include <urn/model/archetype.hpp>
#include <urn/stop/any_of.hpp>
#include <urn/stop/max_tokens.hpp>
#include <urn/stop/stop_text.hpp>
#include <urn/urn.hpp>
#include <vector>

namespace {

/// Stands for a tokenizer's urn::token_stream: token i is the letter i.
struct letters {
  static std::string push(urn::token_id token) { return {static_cast<char>('a' + token)}; }
  static std::string finish() { return {}; }
};

// [generate]
template <urn::causal_lm Model, urn::token_decoder Decoder>
std::string continue_text(const Model& model, const std::vector<urn::token_id>& prompt,
                          const Decoder& decoder) {
  const auto sampler = urn::temperature{0.8F} | urn::top_p{0.95F} | urn::categorical{};
  const auto stop = urn::max_tokens{64} | urn::stop_text{"the end"};
  std::string text;
  for (const auto& event : urn::generate(model, prompt, sampler, stop, decoder, {.seed = 42})) {
    text += event.text;  // whole characters, never part of a stop string
  }
  return text;
}
// [/generate]

}  // namespace

int main() {
  const urn::archetype_lm model(26, 100);
  const std::string text = continue_text(model, {1, 2, 3}, letters{});
  std::printf("%s\n", text.c_str());
  return text.size() == 64 ? 0 : 1;
}
