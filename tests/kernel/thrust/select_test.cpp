#include "urn/kernel/thrust/select.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernel/thrust/on_device.hpp"
#include "urn/kernel/fraction.hpp"

namespace {

namespace kernel = urn::kernel;
using on_device::place, on_device::policy;

void expect_same(const place& at, const kernel::selection& a, const kernel::selection& b) {
  ASSERT_TRUE(std::ranges::equal(a.kept.ids, b.kept.ids))
      << at << ": " << a.kept.size() << ", not " << b.kept.size();
  ASSERT_TRUE(on_device::same_bits(a.kept.logits, b.kept.logits)) << at;
  ASSERT_EQ(a.status, b.status) << at;
}

/// A row with memory for both kinds of kernels.
template <class Here, class There>
struct cutting {
  place at;
  const Here& here;
  const There& there;
  kernel::row_scan scanned = urn::scalar.scan(here, {});
  urn::workspace plain{here.size(), 0};
  urn::workspace other{here.size(), 0};

  void expect_k(std::size_t k) {
    expect_same(at, policy.select_k(there, k, scanned, other), urn::scalar.select_k(here, k, scanned, plain));
  }
  void expect_mass(float c, const kernel::row_mass& mass, std::uint64_t target) {
    expect_same(at, policy.select_mass(there, c, mass, target, scanned, other),
                urn::scalar.select_mass(here, c, mass, target, scanned, plain));
  }
  void expect_above(float c, std::uint32_t key, std::uint64_t least) {
    expect_same(at, policy.select_above(there, c, key, least, scanned, other),
                urn::scalar.select_above(here, c, key, least, scanned, plain));
  }
  void expect_reaching(float bound) {
    expect_same(at, policy.select_reaching(there, bound, scanned, other),
                urn::scalar.select_reaching(here, bound, scanned, plain));
  }
  void expect_typical(float c, float p) {
    const kernel::row_mass mass = kernel::scalar::mass_of_kept(here, c);
    if (mass.total == 0) return;
    const kernel::row_moments m = urn::scalar.moments(here, c, mass.key);
    const kernel::typical_aim aim{c, mass.key, kernel::mean_depth(m), kernel::ceil_share(m.mass, p), m.mass};
    expect_same(at, policy.select_typical(there, aim, scanned, other),
                urn::scalar.select_typical(here, aim, scanned, plain));
  }
  void expect_top(std::size_t n) {
    const auto best = policy.top_n(there, n, scanned, other);
    const auto expected = urn::scalar.top_n(here, n, scanned, plain);
    const auto same = [](const auto& a, const auto& b) { return a.key == b.key && a.mass == b.mass; };
    ASSERT_TRUE(std::ranges::equal(best, expected, same)) << at << ", n = " << n;
  }
  void expect_count(std::uint64_t key) {
    ASSERT_EQ(policy.count_before(there, key, scanned), urn::scalar.count_before(here, key, scanned)) << at;
  }
};

/// Calls use(cutting) for each row.
template <class Use>
void each(Use&& use) {
  on_device::each([&](const place& at, const auto& here, const auto& there) {
    cutting<std::decay_t<decltype(here)>, std::decay_t<decltype(there)>> both{at, here, there};
    use(both);
  });
}

TEST(thrust_select_k, keeps_what_the_scalar_kernel_keeps) {
  each([](auto& row) {
    const std::size_t v = row.here.size();
    for (const std::size_t k : {std::size_t{1}, std::size_t{40}, v / 2, v - 1, v, v + 1}) {
      if (k > 0) row.expect_k(k);
    }
  });
}

TEST(thrust_select_mass, keeps_what_the_scalar_kernel_keeps) {
  std::size_t cuts = 0;
  each([&](auto& row) {
    const float c = kernel::mass_scale(0.8F);
    const kernel::row_mass mass = kernel::scalar::mass_of_kept(row.here, c);
    if (mass.total == 0) return;
    for (const float p : {1e-30F, 0.5F, 0.9F, 0.99999994F}) {
      row.expect_mass(c, mass, kernel::ceil_share(mass.total, p));
    }
    row.expect_mass(c, mass, 0);
    row.expect_mass(c, mass, mass.total);
    row.expect_mass(c, mass, mass.total + 1);
    ++cuts;
  });
  EXPECT_GT(cuts, 200U);
}

TEST(thrust_select_above, keeps_what_the_scalar_kernel_keeps) {
  each([](auto& row) {
    const float c = kernel::mass_scale(0.8F);
    const kernel::row_mass mass = kernel::scalar::mass_of_kept(row.here, c);
    if (mass.total == 0) return;
    const std::uint64_t top = kernel::mass_in_row(urn::scalar.max(row.here, {}).logit(), c, mass.key);
    for (const std::uint64_t least : {top, top / 2, top / 20, top / 1000, std::uint64_t{1}, std::uint64_t{0}})
      row.expect_above(c, mass.key, least);
  });
}

TEST(thrust_select_reaching, keeps_what_the_scalar_kernel_keeps) {
  each([](auto& row) {
    for (const float bound : {-rows::infinity, -1.0F, 0.0F, 2.0F, 1e30F}) row.expect_reaching(bound);
  });
}

TEST(thrust_select_typical, keeps_what_the_scalar_kernel_keeps) {
  each([](auto& row) {
    for (const float p : {0.0F, 0.2F, 0.9F, 0.99999994F}) row.expect_typical(kernel::mass_scale(0.8F), p);
  });
}

TEST(thrust_top_n, are_the_scalar_kernels) {
  each([](auto& row) {
    for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{20}, row.here.size() + 5})
      row.expect_top(n);
  });
}

TEST(thrust_count_before, is_the_scalar_kernels) {
  each([](auto& row) {
    for (std::size_t i = 0; i < row.here.size(); i += 1 + row.here.size() / 5)
      row.expect_count(urn::order_key(row.here.at(i), row.here.id(i)));
    row.expect_count(0);
  });
}

}  // namespace
