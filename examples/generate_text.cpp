#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <urn/generate/generate.hpp>
#include <urn/model/causal_lm.hpp>
#include <urn/stop/any_of.hpp>
#include <urn/stop/max_tokens.hpp>
#include <urn/stop/stop_text.hpp>
#include <urn/urn.hpp>
#include <vector>

namespace {

// [model]
/// Which character follows which, as often as in a text. A token is an ASCII character.
class bigram_lm {
 public:
  struct sequence {  // what the model remembers of one text: here, all of it
    std::vector<urn::token_id> tokens;
    std::size_t size() const { return tokens.size(); }
    sequence fork() const { return *this; }
    void truncate(std::size_t n) {
      if (n > size()) throw urn::error("truncate", "there are fewer tokens than are to be kept");
      tokens.resize(n);
    }
  };

  explicit bigram_lm(std::string_view text) {
    for (std::size_t i = 1; i < text.size(); ++i) count_of(text[i - 1])[index(text[i])] += 1;
  }

  static std::size_t vocabulary_size() { return 128; }
  static std::size_t context_size() { return 4096; }
  static sequence make_sequence() { return {}; }

  void forward(std::span<const urn::forward_item<sequence>> batch, urn::logits_buffer& out) const {
    urn::check_batch(*this, batch);  // before anything changes
    out.resize(urn::rows_wanted(batch), vocabulary_size());
    std::size_t row = 0;
    for (const auto& item : batch) {
      for (std::size_t t = 0; t < item.tokens.size(); ++t) {
        item.sequence->tokens.push_back(item.tokens[t]);
        if (item.tokens.size() - t <= item.rows()) write_logits(item.tokens[t], out.row(row++));
      }
    }
  }

 private:
  using counts = std::array<float, 128>;
  static std::size_t index(char c) { return static_cast<std::size_t>(c) % 128; }
  counts& count_of(char c) { return counts_[index(c)]; }
  void write_logits(urn::token_id last, std::span<float> row) const {
    const counts& seen = counts_[static_cast<std::size_t>(last)];
    std::ranges::transform(seen, row.begin(), [](float count) { return std::log(count); });  // -inf: never
  }

  std::array<counts, 128> counts_{};
};
static_assert(urn::causal_lm<bigram_lm>);
// [/model]

/// Stands for a tokenizer's urn::token_stream.
struct characters {
  static std::string push(urn::token_id token) { return {static_cast<char>(token)}; }
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
  const std::string_view poem = "the rain in the train is the same as the rain in the lane and then the end ";
  const std::string text = continue_text(bigram_lm(poem), {'t'}, characters{});
  std::printf("t%s\n", text.c_str());
  return text.empty() || text.find("the end") != text.npos ? 1 : 0;
}
