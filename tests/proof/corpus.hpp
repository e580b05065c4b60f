#pragma once
// The corpus: case n is the same on every machine. What a case draws with; rows.hpp has what it draws from.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "urn/urn.hpp"
#include "words.hpp"

namespace proof {

/// Two parts, each of many short rows and of fewer long ones: the second has the pipelines that came later,
/// so that the first stays as it is.
enum class corpus : std::uint8_t { many, longer, more, longer_more };

constexpr bool is_long(corpus of) { return of == corpus::longer || of == corpus::longer_more; }
constexpr bool is_second(corpus of) { return of == corpus::more || of == corpus::longer_more; }
constexpr std::size_t largest_row(corpus of) { return is_long(of) ? 262144 : 8192; }
inline constexpr std::size_t pipelines = 14;         ///< of the first part: see pipelines.hpp
inline constexpr std::size_t second_pipelines = 12;  ///< after those
/// Those that a build draws with: -DURN_PROOF_FIRST_PART compiles in half of the time.
#ifdef URN_PROOF_FIRST_PART
inline constexpr std::size_t built_pipelines = pipelines;
#else
inline constexpr std::size_t built_pipelines = pipelines + second_pipelines;
#endif

/// The parameters of one draw. Every stage finds its own here, whether or not the pipeline has it.
class sample_case {
 public:
  words r;
  std::size_t size, pipeline, element;  ///< element: 0 float, 1 bf16, 2 f16
  urn::temperature heat, more_heat;
  urn::top_k k;
  urn::top_p p;
  urn::min_p least;
  urn::penalties past;
  std::size_t min_tokens;
  std::vector<urn::token_id> prompt, output, ends;
  std::vector<urn::token_bias> biases;
  std::vector<std::int32_t> allowed;
  std::vector<std::vector<urn::token_id>> bad;
  std::uint64_t seed, sequence;
  std::uint32_t step;
  std::size_t best, raw_best;  ///< lengths of the lists of logprobs
  // Of the second part:
  urn::typical common{};
  urn::top_n_sigma sigmas{};
  urn::epsilon_cutoff epsilon{};
  urn::eta_cutoff eta{};
  urn::top_a squared{};
  urn::top_h h{};
  urn::tail_free tail{};
  urn::xtc exclude{};
  urn::smoothing smooth{};
  urn::dynamic_temperature dynamic{};
  urn::soft_cap cap{};
  std::size_t at_least = 1;

  sample_case(corpus of, std::uint64_t number)
      : r(((static_cast<std::uint64_t>(of) + 1) << 32) + number),
        size(is_long(of) ? some_long_size() : some_size()),
        pipeline(is_second(of) ? pipelines + r.below(second_pipelines) : r.below(pipelines)),
        element(std::max<std::size_t>(r.below(4), 1) - 1),
        heat{temperature()},
        more_heat{r.one_in(2) ? 1.0F : temperature()},
        k{some_k()},
        p{some_p()},
        least{some_min_p()},
        past(some_penalties()),
        min_tokens(r.below(40)),
        seed(r.next()),
        sequence(r.one_in(2) ? 0 : r.next()),
        step(static_cast<std::uint32_t>(r.one_in(2) ? r.below(4096) : r.next())),
        best(r.one_in(2) ? 0 : r.below(6)),
        raw_best(r.one_in(2) ? 0 : r.below(6)) {
    for (std::size_t n = r.below(40); n > 0; --n) prompt.push_back(perhaps_a_token());
    for (std::size_t n = r.below(r.one_in(4) ? 100 : 20); n > 0; --n) output.push_back(perhaps_a_token());
    for (std::size_t n = r.below(4); n > 0; --n) ends.push_back(token());
    for (std::size_t n = r.below(r.one_in(8) ? 100 : 10); n > 0; --n)
      biases.push_back({token(), some_bias()});
    for (std::size_t n = r.below(3); n > 0; --n) bad.push_back(some_bad_words());
    if (!r.one_in(4)) fill_mask();
    if (r.one_in(200)) spoil();
    if (is_second(of)) draw_second();
  }

 private:
  urn::token_id token() { return static_cast<urn::token_id>(r.below(size)); }
  /// Now and then a placeholder, or a token of a larger vocabulary.
  urn::token_id perhaps_a_token() {
    return r.one_in(8) ? static_cast<urn::token_id>(r.below(2 * size)) - 1 : token();
  }
  std::int32_t between(std::int32_t a, std::int32_t b) {
    return a + static_cast<std::int32_t>(r.below(static_cast<std::size_t>(b - a)));
  }

  std::size_t some_size() {
    constexpr std::size_t special[] = {1,   2,    3,    31,   32,   33,   255, 256,
                                       257, 1023, 1024, 1025, 2047, 2048, 2049};
    if (r.one_in(8)) return r.any_of(special);
    const std::size_t octave = r.one_in(2) ? r.below(13) : std::min(r.below(13), r.below(13));
    return (std::size_t{1} << octave) + r.below((std::size_t{1} << octave) + 1);
  }
  std::size_t some_long_size() {
    constexpr std::size_t special[] = {32000, 50257, 128256, 151936, 262143, 262144};
    if (r.one_in(2)) return r.any_of(special);
    const std::size_t octave = 13 + r.below(5);
    return (std::size_t{1} << octave) + r.below((std::size_t{1} << octave) + 1);
  }
  float temperature() {
    constexpr float special[] = {0.0F, 1.0F, 1.0F, 1.0F, 0.7F, 0.8F, 0.6F, 1e-6F, 1e-3F, 1e4F};
    return r.one_in(2) ? r.any_of(special) : scaled(between(26, 1281), -8);
  }
  std::int32_t some_k() {
    constexpr std::int32_t special[] = {0, 1, 2, 20, 40, 40, 50, 64, 100};
    const auto v = static_cast<std::int32_t>(size);
    if (r.one_in(8)) return v + between(-1, 2);
    return r.one_in(3) ? 1 + token() : r.any_of(special);
  }
  float some_p() {
    constexpr float special[] = {0.9F, 0.95F, 0.5F, 0.99999994F, 0.999F, 0.0F, 1.0F, 1e-30F};
    return r.one_in(2) ? r.any_of(special) : scaled(between(0, 1 << 24), -24);
  }
  float some_min_p() {
    constexpr float special[] = {0.05F, 0.1F, 0.02F, 0.0F, 1.0F, 1e-9F, 1e-30F};
    return r.one_in(2) ? r.any_of(special) : scaled(between(0, 1 << 20), -22);
  }
  float some_bias() {
    constexpr float special[] = {1.5F, -2.25F, 0.0F, 100.0F, -100.0F, urn::exact::minus_infinity};
    if (r.one_in(200)) return urn::exact::infinity;
    return r.one_in(2) ? r.any_of(special) : scaled(between(-(1 << 20), 1 << 20), -17);
  }
  urn::penalties some_penalties() {
    constexpr float repetitions[] = {1.0F, 1.1F, 1.3F, 0.5F, 2.0F};
    constexpr float shifts[] = {0.0F, 0.5F, 0.1F, -0.25F, 2.0F};
    constexpr std::size_t windows[] = {urn::whole_history, urn::whole_history, 64, 8, 0};
    return {r.any_of(repetitions), r.any_of(shifts), r.any_of(shifts), r.any_of(windows)};
  }
  float some_share() {
    constexpr float special[] = {3e-4F, 0.01F, 0.1F, 0.0F, 1.0F, 1e-9F};
    return r.one_in(2) ? r.any_of(special) : scaled(between(0, 1 << 20), -21);
  }
  void draw_second() {
    constexpr float some_sigmas[] = {1.0F, 0.5F, 2.0F, 0.0F, 1e-3F, 1e30F};
    constexpr float factors[] = {0.0F, 0.3F, 1.5F, 0.01F};
    constexpr float curves[] = {1.0F, 1.5F, 4.0F};
    constexpr float lows[] = {0.0F, 0.5F, 1.0F};
    constexpr float ranges[] = {0.0F, 1.0F, 2.5F};
    constexpr float exponents[] = {1.0F, 0.0F, 0.5F, 2.0F};
    constexpr float caps[] = {30.0F, 5.0F, 0.0F, 1000.0F};
    common.p = some_p();
    sigmas.n = r.one_in(2) ? r.any_of(some_sigmas) : scaled(between(0, 1 << 20), -18);
    epsilon.epsilon = some_share();
    eta.epsilon = some_share();
    squared.a = some_share();
    h.h = some_p();
    tail.z = some_p();
    exclude = {0.25F * some_share(), some_p(), ends};
    smooth.factor = r.any_of(factors);
    smooth.curve = r.any_of(curves);
    dynamic.min = r.any_of(lows);
    dynamic.max = dynamic.min + r.any_of(ranges);
    dynamic.exponent = r.any_of(exponents);
    cap.cap = r.any_of(caps);
    at_least = r.below(64);
    if (r.one_in(200)) squared.a = 2.0F;
  }
  /// One token or two, so that now and then the history ends with the beginning.
  std::vector<urn::token_id> some_bad_words() {
    if (output.empty() || r.one_in(2)) return {token()};
    const urn::token_id last = output.back();
    return {last >= 0 && static_cast<std::size_t>(last) < size ? last : token(), token()};
  }
  /// Each bit is 1 with the same chance, some 1% to 99%; now and then the mask is too short.
  void fill_mask() {
    const std::size_t chance = 1 + r.below(127);
    allowed.resize((size + 31) / 32);
    if (r.one_in(8)) allowed.resize(r.below(allowed.size() + 1));
    for (std::int32_t& word : allowed) {
      std::uint32_t bits = 0;
      for (int i = 0; i < 7; ++i) {
        const auto coins = static_cast<std::uint32_t>(r.next());
        bits = ((chance >> i) & 1) != 0 ? bits | coins : bits & coins;
      }
      word = static_cast<std::int32_t>(bits);
    }
  }
  /// What must be refused.
  void spoil() {
    switch (r.below(5)) {
      case 0: heat.value = r.one_in(2) ? -1.0F : urn::exact::quiet_nan; break;
      case 1: p.p = urn::exact::quiet_nan; break;
      case 2: least.value = urn::exact::quiet_nan; break;
      case 3: past.repetition = 0.0F; break;
      default: biases.push_back({static_cast<urn::token_id>(size), 1.0F});
    }
  }
};

}  // namespace proof
