#include "urn/kernel/scalar/max.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/oracle.hpp"
#include "support/rows.hpp"
#include "urn/kernel/candidates.hpp"

namespace {

using urn::status;
namespace kernel = urn::kernel;

status expected_status(const rows::row& logits) {
  status s = status::ok;
  bool any = false;
  for (const float l : logits) {
    if (std::isnan(l)) s |= status::nan;
    if (l == rows::infinity) s |= status::infinite;
    any = any || oracle::survives(l);
  }
  return any ? s : s | status::empty;
}

void expect_max(const char* name, const rows::row& logits) {
  const kernel::row_max best = kernel::scalar::max(urn::row_view{logits});
  const oracle::ids order = oracle::order(logits);
  EXPECT_EQ(best.status, expected_status(logits)) << name;
  if (order.empty()) {
    EXPECT_EQ(best.token(), urn::no_token) << name;
    EXPECT_EQ(best.logit(), -rows::infinity) << name;
  } else {
    EXPECT_EQ(best.token(), order.front()) << name << " " << logits.size();
    EXPECT_EQ(best.logit(), logits[static_cast<std::size_t>(order.front())]) << name;
  }
}

TEST(max, is_the_first_of_the_oracles_order) {
  for (const std::size_t size : rows::sizes) {
    rows::for_each(rows::proper, size, expect_max);
    rows::for_each(rows::improper, size, expect_max);
  }
}

TEST(max, of_nothing_is_no_token) {
  const kernel::row_max best = kernel::scalar::max(urn::row_view<float>{});
  EXPECT_EQ(best.status, status::empty);
  EXPECT_EQ(best.token(), urn::no_token);
}

TEST(max, of_nan_alone_is_no_token) {
  const rows::row logits{rows::nan};
  const kernel::row_max best = kernel::scalar::max(urn::row_view{logits});
  EXPECT_EQ(best.status, status::empty | status::nan);
  EXPECT_EQ(best.token(), urn::no_token);
}

TEST(max, of_a_kept_set_has_its_id) {
  std::vector<urn::token_id> ids{3, 50, 51};
  std::vector<float> logits{1, 7, 7};
  EXPECT_EQ(kernel::scalar::max(urn::candidate_list{ids, logits}).token(), 50);
}

}  // namespace
