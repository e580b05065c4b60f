#pragma once
// Rows of logits of every shape that a test wants, from fixed seeds; the same bits on every machine (no
// distribution of the standard library, whose results are its own).

#include <array>
#include <cfloat>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

namespace rows {

using row = std::vector<float>;

inline constexpr float infinity = std::numeric_limits<float>::infinity();
inline constexpr float nan = std::numeric_limits<float>::quiet_NaN();

struct random_source {
  std::mt19937_64 engine;
  explicit random_source(std::uint64_t seed) : engine(seed) {}

  std::uint64_t bits() { return engine(); }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(engine() % n); }
  /// In [0, 1), a multiple of 2^-24.
  float uniform() { return static_cast<float>(engine() >> 40) * 0x1p-24F; }
  /// Nearly normal: twelve 16-bit uniforms, summed as integers; at most six sigmas out.
  float normal(float sigma) {
    std::int64_t sum = 0;
    for (int i = 0; i < 3; ++i) {
      for (std::uint64_t word = engine(), n = 0; n < 4; ++n, word >>= 16)
        sum += static_cast<std::int64_t>(word & 0xFFFF);
    }
    return static_cast<float>(sum - 6 * 65535) * 0x1p-16F * sigma;
  }
};

template <class Make>
row fill(std::size_t size, Make&& make) {
  row logits(size);
  for (float& l : logits) l = make();
  return logits;
}

inline row normal(std::size_t size, random_source& r, float sigma) {
  return fill(size, [&] { return r.normal(sigma); });
}

/// Each logit becomes `value` with the given probability.
inline row sprinkled(row logits, random_source& r, float share, float value) {
  for (float& l : logits) {
    if (r.uniform() < share) l = value;
  }
  return logits;
}

/// `count` places, chosen at random, become `value`.
inline row with(row logits, random_source& r, std::size_t count, float value) {
  for (std::size_t i = 0; i < count; ++i) logits[r.below(logits.size())] = value;
  return logits;
}

/// Evenly spaced from low to high.
inline row ramp(std::size_t size, float low, float high) {
  row logits(size);
  const float step = (high - low) / static_cast<float>(size);
  for (std::size_t i = 0; i < size; ++i) logits[i] = low + static_cast<float>(i) * step;
  return logits;
}

inline void shuffle(row& logits, random_source& r) {
  for (std::size_t i = logits.size(); i > 1; --i) std::swap(logits[i - 1], logits[r.below(i)]);
}

/// The r-th most likely token has probability ~ 1 / r^exponent, as words have.
inline row zipf(std::size_t size, random_source& r, float exponent) {
  row logits(size);
  for (std::size_t i = 0; i < size; ++i)
    logits[i] = -exponent * std::log(static_cast<float>(i + 1)) + r.normal(0.01F);
  shuffle(logits, r);
  return logits;
}

inline row zeros(std::size_t size, random_source& r) {
  return fill(size, [&] { return (r.bits() & 1) != 0 ? 0.0F : -0.0F; });
}

inline row subnormal(std::size_t size, random_source& r) {
  return fill(size, [&] {
    const float magnitude = static_cast<float>(r.bits() >> 41) * 0x1p-149F;
    return (r.bits() & 1) != 0 ? magnitude : -magnitude;
  });
}

/// One token in `period` stands `gap` nats above all the others.
inline row headed(std::size_t size, std::size_t period, float gap) {
  row logits(size, 0.0F);
  for (std::size_t i = size / 2 % period; i < size; i += period) logits[i] = gap;
  return logits;
}

inline row all_but_one(std::size_t size, random_source& r, float others) {
  return with(row(size, others), r, 1, 1.25F);
}

struct generator {
  const char* name;
  row (*make)(std::size_t, random_source&);
};

/// Rows that have a distribution: some token survives and no logit is +inf.
inline constexpr std::array proper{
    generator{"normal_half", [](std::size_t n, random_source& r) { return normal(n, r, 0.5F); }},
    generator{"normal_2", [](std::size_t n, random_source& r) { return normal(n, r, 2.0F); }},
    generator{"normal_5", [](std::size_t n, random_source& r) { return normal(n, r, 5.0F); }},
    generator{"normal_20", [](std::size_t n, random_source& r) { return normal(n, r, 20.0F); }},
    generator{"normal_1000", [](std::size_t n, random_source& r) { return normal(n, r, 1000.0F); }},
    generator{"flat", [](std::size_t n, random_source& r) { return normal(n, r, 1e-3F); }},
    generator{"peaky", [](std::size_t n, random_source& r) { return with(normal(n, r, 1.0F), r, 3, 14.0F); }},
    generator{"zipf", [](std::size_t n, random_source& r) { return zipf(n, r, 1.1F); }},
    generator{"steep_zipf", [](std::size_t n, random_source& r) { return zipf(n, r, 3.0F); }},
    generator{"tied",
              [](std::size_t n, random_source& r) {
                return fill(n, [&] { return static_cast<float>(r.below(5)) * 0.5F - 1.0F; });
              }},
    generator{"all_equal", [](std::size_t n, random_source&) { return row(n, -3.7F); }},
    generator{"all_zero", [](std::size_t n, random_source& r) { return zeros(n, r); }},
    generator{"one_hot", [](std::size_t n, random_source& r) { return all_but_one(n, r, -infinity); }},
    generator{"masked_tenth",
              [](std::size_t n, random_source& r) {
                return with(sprinkled(normal(n, r, 2.0F), r, 0.1F, -infinity), r, 1, 0.5F);
              }},
    generator{"masked_most",
              [](std::size_t n, random_source& r) {
                return with(sprinkled(normal(n, r, 2.0F), r, 0.99F, -infinity), r, 1, 0.5F);
              }},
    generator{"masked_by_1e30",
              [](std::size_t n, random_source& r) {
                return with(sprinkled(normal(n, r, 2.0F), r, 0.5F, -1e30F), r, 1, 0.5F);
              }},
    generator{"masked_by_lowest",
              [](std::size_t n, random_source& r) {
                return with(sprinkled(normal(n, r, 2.0F), r, 0.5F, -FLT_MAX), r, 1, 0.5F);
              }},
    generator{"all_lowest_but_one",
              [](std::size_t n, random_source& r) { return all_but_one(n, r, -FLT_MAX); }},
    generator{"nan_sprinkled",
              [](std::size_t n, random_source& r) {
                return with(sprinkled(normal(n, r, 2.0F), r, 0.05F, nan), r, 1, 0.5F);
              }},
    generator{"nan_and_masked",
              [](std::size_t n, random_source& r) {
                const row masked = sprinkled(normal(n, r, 2.0F), r, 0.3F, -infinity);
                return with(sprinkled(masked, r, 0.3F, -nan), r, 1, 0.5F);
              }},
    generator{"subnormal", [](std::size_t n, random_source& r) { return subnormal(n, r); }},
    generator{"far_up", [](std::size_t n,
                           random_source& r) { return fill(n, [&] { return 30000.0F + r.normal(2.0F); }); }},
    generator{
        "far_down",
        [](std::size_t n, random_source& r) { return fill(n, [&] { return -30000.0F + r.normal(2.0F); }); }},
    generator{"ascending", [](std::size_t n, random_source&) { return ramp(n, -12.0F, 4.0F); }},
    generator{"descending", [](std::size_t n, random_source&) { return ramp(n, 4.0F, -12.0F); }},
};

/// Proper too, with many tokens near the least mass that a block resolves, 2^-31 of its largest.
inline constexpr std::array tails{
    generator{"head_and_tail", [](std::size_t n, random_source&) { return headed(n, n, 20.7F); }},
    generator{"heads_and_tails", [](std::size_t n, random_source&) { return headed(n, 1024, 20.7F); }},
};

/// Rows that have none, or one only by their status.
inline constexpr std::array improper{
    generator{"all_masked", [](std::size_t n, random_source&) { return row(n, -infinity); }},
    generator{"all_nan", [](std::size_t n, random_source&) { return row(n, nan); }},
    generator{"nan_or_masked",
              [](std::size_t n, random_source& r) { return sprinkled(row(n, -infinity), r, 0.5F, nan); }},
    generator{"one_infinite",
              [](std::size_t n, random_source& r) { return with(normal(n, r, 2.0F), r, 1, infinity); }},
    generator{"some_infinite",
              [](std::size_t n, random_source& r) {
                return with(sprinkled(normal(n, r, 2.0F), r, 0.1F, infinity), r, 1, infinity);
              }},
    generator{"infinite_and_nan",
              [](std::size_t n, random_source& r) {
                return with(sprinkled(normal(n, r, 2.0F), r, 0.1F, nan), r, 1, infinity);
              }},
    generator{"too_large",
              [](std::size_t n, random_source& r) { return with(normal(n, r, 2.0F), r, 1, 3e6F); }},
    generator{"largest",
              [](std::size_t n, random_source& r) { return with(normal(n, r, 2.0F), r, 1, FLT_MAX); }},
    generator{"all_1e30_down", [](std::size_t n, random_source&) { return row(n, -1e30F); }},
    generator{"all_lowest", [](std::size_t n, random_source&) { return row(n, -FLT_MAX); }},
};

/// Calls use(name, row) for each generator of the list, each with a seed of its own.
template <class Generators, class Use>
void for_each(const Generators& generators, std::size_t size, Use&& use) {
  std::uint64_t seed = 1000 * size;
  for (const generator& g : generators) {
    random_source r(++seed);
    use(g.name, g.make(size, r));
  }
}

/// Lengths around the block size, and vocabularies.
inline constexpr std::array<std::size_t, 9> sizes{1, 2, 3, 1023, 1024, 1025, 4096, 32000, 262144};
inline constexpr std::array<std::size_t, 7> small_sizes{1, 2, 3, 1023, 1024, 1025, 4096};

}  // namespace rows
