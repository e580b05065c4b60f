// Text that follows a regular expression, from the default model. A small demonstration, no grammar engine:
// it tries the text of every token at every step. xgrammar, outlines-core and others make the same words for
// JSON schemas and grammars, in microseconds.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <urn/generate/generate.hpp>
#include <urn/model/tokenizer.hpp>
#include <urn/model/transformer.hpp>
#include <urn/stop/regex.hpp>
#include <urn/urn.hpp>
#include <vector>

/// Which tokens may come next where the whole text must match an expression.
class expression_mask {
 public:
  expression_mask(std::string_view expression, const urn::tokenizer& words, urn::token_id end)
      : automaton_(urn::detail::regex_parser::parse(expression)), end_(end) {
    for (urn::token_id id = 0; id < words.vocabulary_size(); ++id) texts_.push_back(words.decode({{id}}));
    mask_.resize((texts_.size() + 31) / 32);
  }

  /// The words of urn::bitmask after these tokens; valid until the next call.
  std::span<const std::int32_t> after(std::span<const urn::token_id> output) {
    places at{.begins = true};
    for (const urn::token_id id : output) at = moved(at, texts_[static_cast<std::size_t>(id)]);
    const auto ends = [&](std::uint32_t p) { return automaton_.positions[p].ends; };
    std::fill(mask_.begin(), mask_.end(), 0);
    for (std::size_t id = 0; id < texts_.size(); ++id) {
      if (!texts_[id].empty() && !moved(at, texts_[id]).live.empty()) allow(id);
    }
    if (std::any_of(at.live.begin(), at.live.end(), ends)) allow(static_cast<std::size_t>(end_));
    return mask_;
  }

 private:
  /// The characters of the expression that the text so far may have ended with.
  struct places {
    bool begins = false;
    std::vector<std::uint32_t> live{};
  };

  places moved(places at, std::string_view text) const {
    while (!text.empty() && (at.begins || !at.live.empty())) {
      const std::string_view character = text.substr(0, urn::detail::utf8_length(text[0]));
      at = moved(at, urn::detail::utf8_decode(character));
      text.remove_prefix(character.size());
    }
    return at;
  }
  places moved(const places& at, char32_t character) const {
    places next;
    const auto enter = [&](std::uint32_t p) {
      if (automaton_.positions[p].set.contains(character)) next.live.push_back(p);
    };
    if (at.begins) std::for_each(automaton_.first.begin(), automaton_.first.end(), enter);
    for (const std::uint32_t from : at.live) {
      std::for_each(automaton_.positions[from].follow.begin(), automaton_.positions[from].follow.end(),
                    enter);
    }
    std::sort(next.live.begin(), next.live.end());
    next.live.erase(std::unique(next.live.begin(), next.live.end()), next.live.end());
    return next;
  }
  void allow(std::size_t id) {
    mask_[id / 32] = static_cast<std::int32_t>(static_cast<std::uint32_t>(mask_[id / 32]) | 1U << id % 32);
  }

  urn::detail::regex_automaton automaton_;
  urn::token_id end_;
  std::vector<std::string> texts_;  // a token that is part of a character has U+FFFD
  std::vector<std::int32_t> mask_;
};

// [stage]
/// The mask as a stage: it depends on the tokens of the text alone, so there is no state to keep in step.
struct follows {
  using stage = urn::elementwise_edit;
  static constexpr bool whole_row = true, only_masks = true;
  expression_mask* mask;
  urn::bitmask for_draw(const urn::draw_context& context) const {
    return {mask->after(context.history.output)};
  }
};
// [/stage]

int main() {
  const auto model = urn::transformer::load("examples/default_model");
  const auto words = urn::tokenizer::from_file("examples/default_model/tokenizer.json");
  constexpr std::string_view expression = R"((ROMEO|JULIET|KING HENRY)\t[A-Z][a-z']*(,? [a-z']+){4,9}[.!?])";
  constexpr urn::token_id end = 0;
  // [generate]
  expression_mask mask(expression, words, end);
  const auto sampler = follows{&mask} | urn::temperature{0.8F} | urn::top_p{0.95F} | urn::categorical{};
  const auto stop = urn::max_tokens{100} | urn::end_token{end};
  std::vector<std::string> texts(3);
  for (const auto& event : urn::generate(model, std::vector<urn::token_id>{end}, sampler, stop,
                                         urn::token_stream(words), {.num_samples = 3, .seed = 5})) {
    texts[event.sequence] += event.text;
  }
  // [/generate]
  bool all = true;
  for (const std::string& text : texts) {
    std::printf("%s\n", text.c_str());
    const urn::stop_regex whole(expression);
    auto state = whole.start();
    all = all && whole.update(state, {.text = text}).drop == text.size();  // a match from beginning to end
  }
  return all ? 0 : 1;
}
