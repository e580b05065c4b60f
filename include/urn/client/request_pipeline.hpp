#pragma once
/// \file
/// The pipeline that a request's parameters ask for.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "urn/client/backend.hpp"
#include "urn/client/sampling_params.hpp"
#include "urn/client/validate.hpp"
#include "urn/core/draw.hpp"
#include "urn/core/history.hpp"
#include "urn/core/token.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/policy.hpp"
#include "urn/logprob/logprobs.hpp"
#include "urn/model/tokenizer.hpp"
#include "urn/pipeline/pipeline.hpp"
#include "urn/processor/bad_words.hpp"
#include "urn/processor/bitmask.hpp"
#include "urn/processor/logit_bias.hpp"
#include "urn/processor/min_p.hpp"
#include "urn/processor/min_tokens.hpp"
#include "urn/processor/penalties.hpp"
#include "urn/processor/temperature.hpp"
#include "urn/processor/top_k.hpp"
#include "urn/processor/top_p.hpp"
#include "urn/sampler/categorical.hpp"

namespace urn {

/// The token sequences that write a word: as it is, and after a space; spaces before the word do not count
/// (as vLLM, which leaves out the second where it has another number of tokens). None is empty or there
/// twice.
inline std::vector<std::vector<token_id>> token_sequences_of(std::string_view word, const tokenizer& words) {
  const std::size_t start = word.find_first_not_of(' ');
  if (start != std::string_view::npos) word.remove_prefix(start);
  std::vector<std::vector<token_id>> sequences;
  for (const std::string& text : {std::string(word), " " + std::string(word)}) {
    std::vector<token_id> ids = words.encode(text, false);
    const bool is_new = std::find(sequences.begin(), sequences.end(), ids) == sequences.end();
    if (!ids.empty() && is_new) sequences.push_back(std::move(ids));
  }
  return sequences;
}

/// A request's parameters, checked and made ready to draw:
///
///     allowed ids | bad words | min_tokens | logit bias | penalties | temperature | top_k | top_p | min_p
///       | categorical | logprobs
///
/// What the parameters leave neutral costs nothing. Rows of a model that are no token of the tokenizer
/// (padding) are never drawn. min_tokens holds back what would end the sequence: the model's end tokens,
/// unless ignore_eos, and the stop tokens. Stop strings, max_tokens and the deadline are not its affair.
///
/// Owns all it needs; safe from many threads, each with its own workspace.
class request_pipeline {
 public:
  /// For rows of `vocabulary_size` logits. `end_tokens` are the model's; `words` encodes the bad words and is
  /// not kept. Throws request_error (failure::invalid) for what `validate` names, for bad words without a
  /// tokenizer, and for end tokens, or words with tokens, outside the vocabulary.
  request_pipeline(const sampling_params& params, std::size_t vocabulary_size,
                   std::span<const token_id> end_tokens, const tokenizer* words)
      : biases_(params.logit_bias),
        min_tokens_(params.min_tokens),
        penalties_{params.repetition_penalty, params.frequency_penalty, params.presence_penalty},
        temperature_{params.temperature},
        top_k_{params.top_k},
        top_p_{params.top_p},
        min_p_{params.min_p} {
    require_valid(params, {.vocabulary_size = vocabulary_size});
    const std::size_t known = words == nullptr ? vocabulary_size : known_tokens(*words, vocabulary_size);
    if (params.allowed_token_ids) allow(*params.allowed_token_ids, known);
    for (std::size_t id = known; allowed_.empty() && id < vocabulary_size; ++id) {
      padding_.push_back(static_cast<token_id>(id));
    }
    for (const std::string& word : params.bad_words) ban(word, words);
    if (!params.ignore_eos) end_tokens_.assign(end_tokens.begin(), end_tokens.end());
    if (const auto* stops = std::get_if<std::vector<token_id>>(&params.stop)) {
      end_tokens_.insert(end_tokens_.end(), stops->begin(), stops->end());
    }
    refuse_ids_beyond(vocabulary_size);
  }

  /// A workspace in which the edits of every request have room, for rows of `vocabulary_size` logits.
  static workspace make_workspace(std::size_t vocabulary_size) {
    constexpr std::size_t sparse_edits = 5;
    return {vocabulary_size, sparse_edits * vocabulary_size};
  }

  /// Draws one token, with raw_logprob and rank, and the lists that the context asks for: see draw_row.
  template <execution_policy Policy>
  draw operator()(Policy policy, std::span<const float> logits, const draw_context& context,
                  workspace& scratch) const {
    const min_tokens never_padding{whole_history, padding_};  // a bitmask would look at every token
    const auto stages = (allowed_.empty() ? bitmask{} : bitmask{allowed_}) | never_padding |
                        bad_words{banned_} | min_tokens{min_tokens_, end_tokens_} | logit_bias{biases_} |
                        penalties_ | temperature_ | top_k_ | top_p_ | min_p_ | categorical{} |
                        logprobs{.raw = true};
    return stages(policy, logits, context, scratch);
  }

 private:
  static std::size_t known_tokens(const tokenizer& words, std::size_t vocabulary_size) {
    return std::min(vocabulary_size, static_cast<std::size_t>(words.vocabulary_size()));
  }

  /// Of the allowed ids only those that are tokens.
  void allow(const std::vector<token_id>& ids, std::size_t known) {
    allowed_.assign((known + 31) / 32, 0);
    bool any = false;
    for (const token_id id : ids) {
      if (std::cmp_greater_equal(id, known)) continue;
      const auto v = static_cast<std::uint32_t>(id);
      std::int32_t& word = allowed_[v / 32];
      word = static_cast<std::int32_t>(static_cast<std::uint32_t>(word) | (1U << (v % 32)));
      any = true;
    }
    if (any) return;
    throw request_error(failure::invalid, "allowed_token_ids", "none of them is a token of the tokenizer",
                        "its ids are less than " + detail::text_of(known));
  }

  void ban(const std::string& word, const tokenizer* words) {
    if (words == nullptr) {
      throw request_error(failure::invalid, "bad_words", "there is no tokenizer to encode them with",
                          "give the client one, or ban tokens by logit_bias");
    }
    for (auto& ids : token_sequences_of(word, *words)) banned_.push_back(std::move(ids));
  }

  /// Ids that came with the request are checked; these come from a tokenizer or a model's files.
  void refuse_ids_beyond(std::size_t vocabulary_size) const {
    const auto fits = [=](const auto& stage) { return stage.check(vocabulary_size) == status::ok; };
    const bool ends = fits(min_tokens{1, end_tokens_});
    if (ends && fits(bad_words{banned_})) return;
    throw request_error(failure::invalid, ends ? "bad_words" : "end tokens",
                        "some are outside the model's vocabulary",
                        "its ids are less than " + detail::text_of(vocabulary_size));
  }

  std::vector<std::int32_t> allowed_;  // a bit a token; empty: all are
  std::vector<token_id> padding_;
  std::vector<std::vector<token_id>> banned_;
  std::vector<token_id> end_tokens_;
  std::vector<token_bias> biases_;
  std::size_t min_tokens_;
  penalties penalties_;
  temperature temperature_;
  top_k top_k_;
  top_p top_p_;
  min_p min_p_;
};

}  // namespace urn
