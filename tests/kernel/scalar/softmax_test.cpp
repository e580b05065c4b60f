// The distribution that the integers give, against softmax in double precision.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/oracle.hpp"
#include "support/rows.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/scalar/mass.hpp"

namespace {

namespace kernel = urn::kernel;

struct weighed_row {
  const rows::row& logits;
  float c;
  std::vector<urn::block_mass> blocks;
  kernel::row_mass mass;

  weighed_row(const rows::row& row, float temperature)
      : logits(row), c(kernel::mass_scale(temperature)), blocks(urn::block_count(row.size())) {
    mass = kernel::scalar::mass(urn::row_view{row}, c, blocks);
  }

  /// With which probability `pick` draws each token.
  [[nodiscard]] std::vector<double> drawn_with() const {
    std::vector<double> p(logits.size());
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const urn::block_mass& b = blocks[i / urn::block_size];
      if (b.mass == 0) continue;
      const std::uint64_t in_row = kernel::block_in_row(b.mass, b.key, mass.key);
      p[i] = static_cast<double>(in_row) / static_cast<double>(mass.total) *
             (static_cast<double>(kernel::mass_in_block(logits[i], c, b.key)) / static_cast<double>(b.mass));
    }
    return p;
  }

  [[nodiscard]] double largest_logprob_error(const oracle::distribution& d, std::size_t stride) const {
    double worst = 0;
    for (std::size_t i = 0; i < logits.size(); i += stride) {
      const float logprob = kernel::log_share(logits[i], c, mass.key, mass.total);
      if (!oracle::survives(logits[i])) {
        worst = std::max(worst, logprob == -rows::infinity ? 0.0 : HUGE_VAL);
        continue;
      }
      const double expected = d.logprob(logits[i]);
      if (expected < -3.4028235677973366e38) continue;  // not a float
      worst = std::max(
          worst, std::fabs(static_cast<double>(logprob) - expected) / (5e-7 + 2e-7 * std::fabs(expected)));
    }
    return worst;
  }
};

void expect_softmax(const char* name, const rows::row& logits, float temperature, double variation) {
  const weighed_row row(logits, temperature);
  const oracle::distribution d = oracle::softmax(logits, temperature);
  EXPECT_LE(oracle::total_variation(row.drawn_with(), d.p), variation)
      << name << " of " << logits.size() << " at " << temperature;
  EXPECT_LE(row.largest_logprob_error(d, 1 + logits.size() / 20000), 1.0)
      << name << " of " << logits.size() << " at " << temperature;
}

TEST(softmax, is_met_within_2e_7) {
  for (const std::size_t size : rows::sizes) {
    for (const float temperature : {0.5F, 0.7F, 1.0F, 3.0F}) {
      if (size > 5000 && temperature != 0.5F && temperature != 1.0F) continue;
      rows::for_each(rows::proper, size, [&](const char* name, const rows::row& logits) {
        expect_softmax(name, logits, temperature, 2e-7);
      });
    }
  }
}

// Truncation takes at most 2^-31 of a block's largest token from each of the others: 2^-21 of the row.
TEST(softmax, is_met_within_2_to_the_minus_21_more_where_blocks_have_long_tails) {
  for (const std::size_t period : {1024U, 4096U}) {
    for (float gap = 12; gap < 24; gap += 0.0625F) {
      expect_softmax("tails", rows::headed(4096, period, gap), 1.0F, 2e-7 + 0x1p-21);
    }
  }
}

}  // namespace
