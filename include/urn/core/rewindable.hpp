#pragma once
/// \file
/// A state that can go back: what speculation and samples of one prompt need of everything that adapts.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace urn {

/// A value with all that it was before: one step for each accepted draw. Copies share nothing. 4 bytes for
/// each word of the value and step; `advance` may allocate.
template <class Value>
class rewindable {
 public:
  static constexpr std::size_t words = sizeof(Value) / sizeof(std::uint32_t);

  explicit rewindable(const Value& first) : past_{first} {}

  [[nodiscard]] const Value& now() const { return past_.back(); }
  /// How many steps can be taken back.
  [[nodiscard]] std::size_t steps() const { return past_.size() - 1; }

  void advance(const Value& next) { past_.push_back(next); }
  /// As if the last n steps had never been; all of them if there were fewer.
  void rollback(std::size_t n) { past_.resize(past_.size() - (n < steps() ? n : steps()), past_.front()); }

  /// The words of all values, the first one first; `restore` takes them.
  [[nodiscard]] std::vector<std::uint32_t> save() const {
    std::vector<std::uint32_t> saved;
    for (const Value& v : past_) {
      for (const std::uint32_t word : std::bit_cast<std::array<std::uint32_t, words>>(v))
        saved.push_back(word);
    }
    return saved;
  }
  /// False, and nothing changes, if that is not a whole number of values, and at least one.
  [[nodiscard]] bool restore(std::span<const std::uint32_t> saved) {
    if (saved.empty() || saved.size() % words != 0) return false;
    past_.clear();
    for (; !saved.empty(); saved = saved.subspan(words)) {
      std::array<std::uint32_t, words> value;
      for (std::size_t i = 0; i < words; ++i) value[i] = saved[i];
      past_.push_back(std::bit_cast<Value>(value));
    }
    return true;
  }

  friend bool operator==(const rewindable&, const rewindable&) = default;

 private:
  std::vector<Value> past_;
};

}  // namespace urn
