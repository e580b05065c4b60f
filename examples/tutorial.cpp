// The steps of docs/tutorial.md.
#include <array>
#include <cstdio>
#include <span>
#include <string>
#include <urn/urn.hpp>
#include <vector>

// [row]
constexpr std::array words{"a", "fox", "lazy", "quick", "runs", "the", "."};

/// What a language model would say comes after these tokens: a logit for each word.
std::span<const float> logits_after(std::span<const urn::token_id> tokens) {
  static constexpr float after[7][7] = {{-9, 2, 2, 2, -9, -9, -9},    // a
                                        {-9, -9, -9, -9, 3, -9, 1},   // fox
                                        {-9, 3, -9, 1, -9, -9, -9},   // lazy
                                        {-9, 3, 1, -9, -9, -9, -9},   // quick
                                        {1, -9, -9, -9, -9, 1, 2},    // runs
                                        {-9, 1, 2, 3, -9, -9, -9},    // the
                                        {2, -9, -9, -9, -9, 3, -9}};  // a full stop, and the beginning
  return after[tokens.empty() ? 6 : tokens.back()];
}
// [/row]

// [loop]
std::vector<urn::token_id> talk(std::uint64_t seed) {
  constexpr auto sampler =
      urn::penalties{.repetition = 1.2F} | urn::temperature{0.8F} | urn::top_p{0.9F} | urn::categorical{};
  const auto stop = urn::end_token{6} | urn::max_tokens{12};  // at a full stop, or after 12 words
  urn::workspace scratch{words.size()};
  std::vector<urn::token_id> tokens;
  for (auto state = stop.start();;) {
    const auto step = static_cast<std::uint32_t>(tokens.size());
    const urn::draw draw =
        sampler(urn::scalar, logits_after(tokens), {.history = tokens, .seed = seed, .step = step}, scratch);
    if (draw.token == urn::no_token) break;  // the status says why
    tokens.push_back(draw.token);
    if (stop.update(state, {.token = draw.token}).stop()) break;
  }
  return tokens;
}
// [/loop]

int main() {
  // [best]
  urn::workspace scratch{words.size()};  // once for each thread
  const auto logits = logits_after({});
  const urn::draw best = urn::draw_row(urn::scalar, urn::greedy{}, logits, {}, scratch);
  std::printf("%s\n", words[static_cast<std::size_t>(best.token)]);  // the
  // [/best]

  // [random]
  constexpr auto sampler = urn::temperature{0.8F} | urn::categorical{};
  const urn::draw once = sampler(urn::scalar, logits, {.seed = 1, .step = 0}, scratch);
  const urn::draw again = sampler(urn::scalar, logits, {.seed = 1, .step = 0}, scratch);  // the same token
  const urn::draw next = sampler(urn::scalar, logits, {.seed = 1, .step = 1}, scratch);   // dice of its own
  // [/random]

  // [order]
  constexpr auto of_all = urn::temperature{0.8F} | urn::top_p{0.9F} | urn::categorical{};
  constexpr auto of_three = urn::top_k{3} | urn::top_p{0.9F} | urn::categorical{};  // 0.9 of what top_k left
  const urn::draw cut = of_all(urn::scalar, logits, {.seed = 1}, scratch);
  const urn::draw cut_twice = of_three(urn::scalar, logits, {.seed = 1}, scratch);
  // [/order]

  // [logprobs]
  constexpr auto reporting = urn::temperature{0.8F} | urn::top_p{0.9F} | urn::categorical{} | urn::logprobs{};
  std::array<urn::token_logprob, 2> top;
  const urn::draw told = reporting(urn::scalar, logits, {.seed = 1, .raw_top_logprobs = top}, scratch);
  std::printf("%u kept, ln p %.3f of what was drawn from, %.3f of the model; the model's best is %d\n",
              told.kept, static_cast<double>(told.logprob), static_cast<double>(told.raw_logprob),
              top[0].token);
  // [/logprobs]

  std::string text;
  for (const urn::token_id token : talk(7)) text += words[static_cast<std::size_t>(token)] + std::string(" ");
  std::printf("%s\n", text.c_str());
  const bool kept = cut.kept == told.kept && cut_twice.kept <= 3;
  return kept && once.token == again.token && next.token >= 0 && top[0].token == best.token &&
                 text == "the quick fox runs . "
             ? 0
             : 1;
}
