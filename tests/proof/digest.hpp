#pragma once
// Many draws as one number, which does not depend on their order.

#include <cstddef>
#include <cstdint>
#include <span>

#include "corpus.hpp"
#include "urn/urn.hpp"
#include "words.hpp"

namespace proof {

/// The sum, modulo 2^64, of a mix of each case's number and of everything that its draw says.
struct digest {
  std::uint64_t cases = 0;
  std::uint64_t sum = 0;

  void add(std::uint64_t number, const urn::draw& d, std::span<const urn::token_logprob> best,
           std::span<const urn::token_logprob> raw_best) {
    ++cases;
    sum += mix_of(number, d, best, raw_best);
  }
  void add(const digest& other) {
    cases += other.cases;
    sum += other.sum;
  }

  static std::uint64_t mix_of(std::uint64_t number, const urn::draw& d,
                              std::span<const urn::token_logprob> best,
                              std::span<const urn::token_logprob> raw_best) {
    chain all;
    all(number), all(word(d.token)), all(static_cast<std::uint64_t>(d.status)), all(word(d.logprob)),
        all(word(d.raw_logprob)), all(d.rank), all(d.kept), all(d.mass);
    for (const auto list : {best, raw_best}) {
      all(list.size());
      for (const urn::token_logprob& entry : list) all(word(entry.token)), all(word(entry.logprob));
    }
    return all.value;
  }

  static std::uint64_t word(urn::token_id id) { return static_cast<std::uint32_t>(id); }
  /// Its bits; of all NaN the same.
  static std::uint64_t word(float x) {
    return urn::exact::bits(urn::exact::is_nan(x) ? urn::exact::quiet_nan : x);
  }

 private:
  struct chain {
    std::uint64_t value = 0;
    void operator()(std::uint64_t next) { value = mix((value + 0x9E3779B97F4A7C15ULL) ^ next); }
  };
};

/// What the first so many cases must give. A change of the corpus, or of what a draw is, changes these
/// numbers; nothing else may.
struct known_digest {
  corpus of;
  std::uint64_t cases, sum;
};
inline constexpr known_digest known_digests[] = {
    {corpus::many, 20'000, 0x7359B38242F69401},    {corpus::many, 1'000'000, 0x560BD6867433F996},
    {corpus::longer, 20, 0xA8BD962CF14A9C0C},      {corpus::longer, 2'000, 0xE4FBC26416664A9A},
    {corpus::more, 5'000, 0x61E1AC547207FB51},     {corpus::more, 200'000, 0x8474F2B6A8244098},
    {corpus::longer_more, 10, 0xA00FA754C7078A90}, {corpus::longer_more, 500, 0xDC7D22650A93206C}};

}  // namespace proof
