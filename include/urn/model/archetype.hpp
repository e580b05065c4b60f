#pragma once
/// \file
/// The smallest model that satisfies causal_lm and nothing more, with logits that a test can predict.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "urn/core/error.hpp"
#include "urn/core/token.hpp"
#include "urn/model/causal_lm.hpp"

namespace urn {

/// A model whose logits are a hash of all tokens so far. Generic code that compiles and works with it asks
/// for no more than causal_lm promises: its sequence can be moved but not copied or made by hand.
class archetype_lm {
 public:
  class sequence {
   public:
    sequence(sequence&&) = default;
    sequence& operator=(sequence&&) = default;
    sequence(const sequence&) = delete;
    sequence& operator=(const sequence&) = delete;
    ~sequence() = default;

    std::size_t size() const { return hashes_.size(); }
    sequence fork() const { return sequence(owner_, hashes_); }
    void truncate(std::size_t n) {
      if (n > size()) {
        throw error("truncate", "no " + std::to_string(n) + " tokens to keep",
                    "the sequence holds " + std::to_string(size()));
      }
      hashes_.resize(n);
    }

   private:
    friend archetype_lm;
    explicit sequence(const archetype_lm* owner, std::vector<std::uint64_t> hashes = {})
        : owner_(owner), hashes_(std::move(hashes)) {}

    const archetype_lm* owner_;
    std::vector<std::uint64_t> hashes_;  // after each token, of all tokens up to it
  };

  archetype_lm(std::size_t vocabulary_size, std::size_t context_size)
      : vocabulary_size_(vocabulary_size), context_size_(context_size) {}
  // Sequences know their model by its address.
  archetype_lm(const archetype_lm&) = delete;
  archetype_lm& operator=(const archetype_lm&) = delete;
  ~archetype_lm() = default;

  std::size_t vocabulary_size() const { return vocabulary_size_; }
  std::size_t context_size() const { return context_size_; }
  sequence make_sequence() const { return sequence(this); }

  void forward(std::span<const forward_item<sequence>> batch, logits_buffer& out) const {
    check_batch(*this, batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (batch[i].sequence->owner_ == this) continue;
      detail::refuse_item(i, "a sequence of another model", "use one made by this model");
    }
    out.resize(rows_wanted(batch), vocabulary_size_);
    std::size_t row = 0;
    for (const auto& item : batch) {
      auto& hashes = item.sequence->hashes_;
      for (std::size_t t = 0; t < item.tokens.size(); ++t) {
        hashes.push_back(extend(hashes.empty() ? 0 : hashes.back(), item.tokens[t]));
        if (item.tokens.size() - t <= item.rows()) write_row(hashes.back(), out.row(row++));
      }
    }
  }

  /// The logit of `candidate` after the tokens `past` (at least one): a multiple of 1/256 in [-8, 8).
  static float logit(std::span<const token_id> past, token_id candidate) {
    std::uint64_t hash = 0;
    for (const token_id token : past) hash = extend(hash, token);
    return logit(hash, candidate);
  }

 private:
  // splitmix64 (Steele, Lea and Flood, OOPSLA 2014): each step mixes one more token in.
  static std::uint64_t extend(std::uint64_t hash, token_id token) {
    std::uint64_t z = hash + 0x9e3779b97f4a7c15U * (static_cast<std::uint64_t>(token) + 1);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  static float logit(std::uint64_t hash, token_id candidate) {
    return static_cast<float>(extend(hash, candidate) >> 52) / 256.0F - 8.0F;
  }
  static void write_row(std::uint64_t hash, std::span<float> row) {
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = logit(hash, static_cast<token_id>(i));
  }

  std::size_t vocabulary_size_;
  std::size_t context_size_;
};

}  // namespace urn
