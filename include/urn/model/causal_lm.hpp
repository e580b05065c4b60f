#pragma once
/// \file
/// The causal_lm concept: what a language model must offer to be generated from, wherever it computes.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "urn/core/error.hpp"
#include "urn/core/token.hpp"

namespace urn {

/// Which of an item's new positions get a row of logits.
enum class logits_wanted { none, last, all };

/// One sequence's part of a forward call. The sequence and the tokens are borrowed until the call returns.
template <class Sequence>
struct forward_item {
  Sequence* sequence = nullptr;      ///< the past; the call appends the tokens to it
  std::span<const token_id> tokens;  ///< at least one, each 0 <= id < vocabulary_size()
  logits_wanted wanted = logits_wanted::last;

  /// The rows of logits this item asks for.
  std::size_t rows() const {
    if (wanted == logits_wanted::none) return 0;
    return wanted == logits_wanted::last ? 1 : tokens.size();
  }
};

/// A caller's matrix of logits, row-major and contiguous, made to be used again for every call.
class logits_buffer {
 public:
  /// Makes it `rows` x `vocabulary_size` with unspecified content. Allocates only to become larger than ever
  /// before.
  void resize(std::size_t rows, std::size_t vocabulary_size) {
    if (rows * vocabulary_size > values_.size()) values_.resize(rows * vocabulary_size);
    rows_ = rows;
    vocabulary_size_ = vocabulary_size;
  }

  /// What it was last resized to.
  std::size_t rows() const { return rows_; }
  std::size_t vocabulary_size() const { return vocabulary_size_; }

  /// Row `i` < rows(): one logit for each token id. Valid until the next resize.
  std::span<float> row(std::size_t i) { return values().subspan(i * vocabulary_size_, vocabulary_size_); }
  std::span<const float> row(std::size_t i) const {
    return values().subspan(i * vocabulary_size_, vocabulary_size_);
  }

  /// All rows, one after another.
  std::span<float> values() { return {values_.data(), rows_ * vocabulary_size_}; }
  std::span<const float> values() const { return {values_.data(), rows_ * vocabulary_size_}; }

 private:
  std::vector<float> values_;  // as large as was ever needed
  std::size_t rows_ = 0;
  std::size_t vocabulary_size_ = 0;
};

/// A model's memory of one sequence of tokens. It may be moved; a moved-from sequence may only be destroyed
/// or assigned.
///  * `size()`: how many tokens it holds.
///  * `fork()`: an independent sequence of the same tokens. It shares the past instead of computing it again;
///  what is
///    done to either is not seen by the other, and the two may be used from different threads.
///  * `truncate(n)`: goes back to the first n tokens, as if the others had never been; throws urn::error and
///  changes
///    nothing when n > size().
template <class S>
concept model_sequence = std::movable<S> && requires(S& sequence, const S& past, std::size_t n) {
  { past.size() } -> std::same_as<std::size_t>;
  { past.fork() } -> std::same_as<S>;
  { sequence.truncate(n) } -> std::same_as<void>;
};

/// `M::sequence` is a model_sequence, and `make_sequence()` gives an empty one that belongs to this model.
template <class M>
concept makes_sequences = model_sequence<typename M::sequence> && requires(const M& model) {
  { model.make_sequence() } -> std::same_as<typename M::sequence>;
};

/// `vocabulary_size()`: the token ids are 0 .. vocabulary_size() - 1, and so many logits make a row.
template <class M>
concept has_vocabulary_size = requires(const M& model) {
  { model.vocabulary_size() } -> std::same_as<std::size_t>;
};

/// `context_size()`: the most tokens a sequence can hold.
template <class M>
concept has_context_size = requires(const M& model) {
  { model.context_size() } -> std::same_as<std::size_t>;
};

/// `forward(batch, out)`: appends each item's tokens to its sequence and writes the wanted logits.
///  * Logits at a position predict the next token from all tokens up to that position. They are raw: no
///  temperature, no
///    softmax. Rows come in the order of the items, and within an item in the order of positions; `out` gets
///    exactly as many rows as the items want, on the host, complete when the call returns.
///  * Items may differ in length; tokens of an item see the sequence's past and each other causally, never
///  other items.
///  * The call is refused with urn::error, before any sequence changes, for what check_batch names and for a
///  sequence
///    of another model. An empty batch is allowed and gives no rows.
///  * It is const: several threads may call it at once with different sequences and buffers.
template <class M>
concept forwards_batches = requires(const M& model, std::span<const forward_item<typename M::sequence>> batch,
                                    logits_buffer& out) {
  { model.forward(batch, out) } -> std::same_as<void>;
};

/// A causal language model, to be plugged into everything in generate/ and client/; each part is described
/// above. archetype_lm is its smallest example, transformer a real one.
template <class M>
concept causal_lm =
    has_vocabulary_size<M> && has_context_size<M> && makes_sequences<M> && forwards_batches<M>;

namespace detail {

[[noreturn]] inline void refuse_item(std::size_t index, std::string_view problem, std::string_view remedy) {
  throw error("forward: item " + std::to_string(index), problem, remedy);
}

template <causal_lm Model>
void check_tokens(const Model& model, std::span<const token_id> tokens, std::size_t index) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] >= 0 && std::cmp_less(tokens[i], model.vocabulary_size())) continue;
    refuse_item(index,
                "token " + std::to_string(tokens[i]) + " at index " + std::to_string(i) +
                    " is outside the vocabulary",
                "ids are 0 to " + std::to_string(model.vocabulary_size() - 1));
  }
}

template <causal_lm Model>
void check_item(const Model& model, const forward_item<typename Model::sequence>& item, std::size_t index) {
  if (item.sequence == nullptr) refuse_item(index, "no sequence", "point at one made by this model");
  if (item.tokens.empty()) refuse_item(index, "no tokens", "give at least one");
  check_tokens(model, item.tokens, index);
  const std::size_t past = item.sequence->size();
  if (past > model.context_size() || item.tokens.size() > model.context_size() - past) {
    refuse_item(index,
                std::to_string(item.tokens.size()) + " tokens after " + std::to_string(past) +
                    " do not fit into the context",
                "a sequence holds at most " + std::to_string(model.context_size()));
  }
}

template <class Sequence>
void check_distinct(std::span<const forward_item<Sequence>> batch) {
  std::vector<std::pair<const Sequence*, std::size_t>> seen;
  for (std::size_t i = 0; i < batch.size(); ++i) seen.emplace_back(batch[i].sequence, i);
  std::ranges::sort(seen);
  const auto twice = std::ranges::adjacent_find(seen, {}, &decltype(seen)::value_type::first);
  if (twice == seen.end()) return;
  refuse_item(std::next(twice)->second, "the same sequence as item " + std::to_string(twice->second),
              "give a sequence's new tokens in one item, or fork it");
}

}  // namespace detail

/// The checks that every model makes before it changes anything. Throws urn::error, naming the item, for a
/// missing sequence, no tokens, a token outside the vocabulary, a context that would overflow, and a sequence
/// that is in the batch twice. O(tokens + n log n) for n items.
template <causal_lm Model>
void check_batch(const Model& model, std::span<const forward_item<typename Model::sequence>> batch) {
  for (std::size_t i = 0; i < batch.size(); ++i) detail::check_item(model, batch[i], i);
  detail::check_distinct(batch);
}

/// The rows of logits that a whole batch asks for.
template <class Sequence>
std::size_t rows_wanted(std::span<const forward_item<Sequence>> batch) {
  std::size_t rows = 0;
  for (const auto& item : batch) rows += item.rows();
  return rows;
}

}  // namespace urn
