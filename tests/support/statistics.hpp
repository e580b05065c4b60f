#pragma once
// Significance tests with a stated alpha.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace statistics {

/// ln of the gamma function, x > 0: Stirling's series (Abramowitz and Stegun 6.1.41) above 20, the recurrence
/// below.
inline double log_gamma(double x) {
  double shift = 0;
  for (; x < 20; ++x) shift += std::log(x);
  const double y = 1 / (x * x);
  const double series = (1.0 / 12 - y * (1.0 / 360 - y * (1.0 / 1260 - y / 1680))) / x;
  return (x - 0.5) * std::log(x) - x + 0.91893853320467274 + series - shift;
}

/// P(a, x), the regularised lower incomplete gamma function, by its series (A&S 6.5.29); for x < a + 1.
inline double lower_by_series(double a, double x) {
  double term = 1 / a;
  double sum = term;
  for (double n = a + 1; term > sum * 1e-17; ++n) {
    term *= x / n;
    sum += term;
  }
  return x == 0 ? 0 : sum * std::exp(a * std::log(x) - x - log_gamma(a));
}

/// Q(a, x) = 1 - P(a, x) by its continued fraction (A&S 6.5.31), evaluated by Lentz's method; for x >= a + 1.
inline double upper_by_fraction(double a, double x) {
  double b = x + 1 - a;
  double c = std::numeric_limits<double>::max();
  double d = 1 / b;
  double value = d;
  for (double n = 1; n < 100000; ++n) {
    const double factor = n * (a - n);
    b += 2;
    d = 1 / (b + factor * d);
    c = b + factor / c;
    value *= c * d;
    if (std::fabs(c * d - 1) < 1e-16) break;
  }
  return value * std::exp(a * std::log(x) - x - log_gamma(a));
}

/// Q(a, x), the regularised upper incomplete gamma function.
inline double gamma_upper(double a, double x) {
  return x < a + 1 ? 1 - lower_by_series(a, x) : upper_by_fraction(a, x);
}
inline double gamma_lower(double a, double x) {
  return x < a + 1 ? lower_by_series(a, x) : 1 - upper_by_fraction(a, x);
}

/// The probability that a chi-square variable with `degrees` of freedom is at least `value`.
inline double chi_square_tail(double value, double degrees) { return gamma_upper(degrees / 2, value / 2); }

/// Pearson's test that counts come from the probabilities: the p-value. Cells are pooled in their order until
/// each expects at least 10; a count where the probability is 0 gives 0.
inline double chi_square_test(std::span<const std::uint64_t> counts, std::span<const double> probabilities) {
  double n = 0;
  for (const std::uint64_t count : counts) n += static_cast<double>(count);
  std::vector<double> observed(1);
  std::vector<double> expected(1);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (probabilities[i] == 0 && counts[i] != 0) return 0;
    if (expected.back() >= 10) {
      observed.push_back(0);
      expected.push_back(0);
    }
    observed.back() += static_cast<double>(counts[i]);
    expected.back() += n * probabilities[i];
  }
  if (expected.size() > 1 && expected.back() < 10) {
    expected[expected.size() - 2] += expected.back();
    observed[observed.size() - 2] += observed.back();
    expected.pop_back();
    observed.pop_back();
  }
  double value = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    value += (observed[i] - expected[i]) * (observed[i] - expected[i]) / expected[i];
  }
  return expected.size() == 1 ? 1.0 : chi_square_tail(value, static_cast<double>(expected.size() - 1));
}

/// The two-sided p-value of a Poisson count.
inline double poisson_test(std::uint64_t count, double mean) {
  const auto k = static_cast<double>(count);
  const double at_most = gamma_upper(k + 1, mean);
  const double at_least = count == 0 ? 1.0 : gamma_lower(k, mean);
  return std::fmin(1.0, 2 * std::fmin(at_most, at_least));
}

}  // namespace statistics
