#include "support/statistics.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace {

void expect_close(double value, double expected, double relative) {
  EXPECT_LE(std::fabs(value - expected), relative * std::fabs(expected)) << value << " " << expected;
}

TEST(statistics, log_gamma_of_integers_is_the_logarithm_of_factorials) {
  double factorial = 1;
  for (int n = 2; n <= 30; ++n) {
    factorial *= n - 1;
    EXPECT_NEAR(statistics::log_gamma(n), std::log(factorial), 1e-13 * (1 + std::log(factorial)));
  }
  expect_close(statistics::log_gamma(0.5), std::log(std::sqrt(3.14159265358979324)), 1e-14);
}

// Critical values of the chi-square distribution as tables print them (NIST/SEMATECH e-Handbook, 1.3.6.7.4).
TEST(statistics, chi_square_tails_are_those_of_the_tables) {
  struct entry {
    double degrees, alpha, value;
  };
  for (const entry& e :
       {entry{1, 0.05, 3.841}, entry{1, 0.001, 10.828}, entry{2, 0.01, 9.210}, entry{5, 0.10, 9.236},
        entry{10, 0.05, 18.307}, entry{10, 0.001, 29.588}, entry{10, 0.95, 3.940}, entry{50, 0.01, 76.154},
        entry{100, 0.001, 149.449}, entry{100, 0.99, 70.065}}) {
    EXPECT_LE(statistics::chi_square_tail(e.value + 0.0006, e.degrees), e.alpha);
    EXPECT_GE(statistics::chi_square_tail(e.value - 0.0006, e.degrees), e.alpha);
  }
}

// With an even number of degrees the tail is a finite sum of a Poisson distribution.
TEST(statistics, chi_square_tails_are_poisson_sums) {
  for (const int half : {1, 2, 7, 50, 500}) {
    for (const double mean : {0.01, 0.5, 1.0, 6.0, 49.0, 52.0, 120.0, 480.0, 510.0}) {
      double sum = 0;
      for (int k = 0; k < half; ++k)
        sum += std::exp(k * std::log(mean) - mean - statistics::log_gamma(k + 1));
      EXPECT_NEAR(statistics::chi_square_tail(2 * mean, 2 * half), sum, 1e-11) << half << " " << mean;
    }
  }
}

// With one degree the tail is erfc.
TEST(statistics, chi_square_tails_of_one_degree_are_normal) {
  for (const double x : {1e-6, 0.1, 1.0, 2.0, 3.0, 5.0, 20.0, 60.0}) {
    expect_close(statistics::chi_square_tail(x, 1), std::erfc(std::sqrt(x / 2)), 1e-11);
  }
}

// Either evaluation serves on both sides of where the other takes over.
TEST(statistics, series_and_fraction_agree) {
  for (const double a : {0.5, 1.0, 3.5, 80.0, 1000.0}) {
    for (const double x : {a + 1, a + 2, a + 1 + std::sqrt(a)}) {
      EXPECT_NEAR(statistics::lower_by_series(a, x), 1 - statistics::upper_by_fraction(a, x), 1e-11) << a;
    }
  }
}

TEST(statistics, chi_square_test_knows_fair_from_loaded) {
  const std::array<double, 4> fair{0.25, 0.25, 0.25, 0.25};
  const std::array<std::uint64_t, 4> close{251, 248, 252, 249};
  const std::array<std::uint64_t, 4> loaded{300, 240, 230, 230};
  EXPECT_GT(statistics::chi_square_test(close, fair), 0.99);
  expect_close(statistics::chi_square_test(loaded, fair), statistics::chi_square_tail(13.6, 3), 1e-12);
  const std::array<double, 4> one_never{0.5, 0.25, 0.25, 0};
  EXPECT_EQ(statistics::chi_square_test(close, one_never), 0);
}

TEST(statistics, chi_square_test_pools_rare_cells) {
  const std::array<double, 6> p{0.96, 0.02, 0.005, 0.005, 0.005, 0.005};
  const std::array<std::uint64_t, 6> counts{960, 20, 0, 10, 10, 0};  // pooled: 960, 20, 10, 10
  EXPECT_EQ(statistics::chi_square_test(counts, p), 1);
}

TEST(statistics, poisson_test_has_two_sides) {
  EXPECT_GT(statistics::poisson_test(500, 500), 0.9);
  EXPECT_LT(statistics::poisson_test(400, 500), 1e-4);
  EXPECT_LT(statistics::poisson_test(600, 500), 1e-4);
  expect_close(statistics::poisson_test(0, 3), 2 * std::exp(-3.0), 1e-12);
  expect_close(statistics::poisson_test(9, 3), 2 * (1 - 0.996197), 1e-3);  // P(X <= 8; 3) = 0.996197
}

}  // namespace
