#include "support/backend_contract.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "../examples/custom_pieces.hpp"
#include "urn/urn.hpp"

namespace {

// [contract]
TEST(my_backend, keeps_the_contract) {
  EXPECT_EQ(backend_contract::difference(first_of_the_largest{urn::scalar}), "");
}
// [/contract]

/// Does one of two things wrong.
struct wrong : urn::scalar_t {
  bool takes_the_last;  ///< of equals
  bool forgets_some;    ///< of the row's mass
  wrong(bool last, bool some) : takes_the_last(last), forgets_some(some) {}

  template <urn::logits_row Row>
  [[nodiscard]] urn::kernel::row_max max(const Row& row, const urn::kernel::row_scan& seen) const {
    urn::kernel::row_max best = urn::scalar_t::max(row, seen);
    for (std::size_t i = 0; takes_the_last && i < row.size(); ++i) {
      if (best.key != 0 && urn::ordered(row.at(i)) == best.key >> 32)
        best.key = urn::order_key(row.at(i), row.id(i));
    }
    return best;
  }
  template <urn::logits_row Row>
  urn::kernel::row_mass mass(const Row& row, float c, std::span<urn::block_mass> blocks,
                             std::span<float> maxima) const {
    urn::kernel::row_mass all = urn::scalar_t::mass(row, c, blocks, maxima);
    if (forgets_some && all.total > 1) --all.total;
    return all;
  }
};

TEST(backend_contract, finds_what_is_drawn_otherwise) {
  EXPECT_EQ(backend_contract::difference(wrong{false, false}), "");
  EXPECT_NE(backend_contract::difference(wrong{true, false}), "");
  EXPECT_NE(backend_contract::difference(wrong{false, true}), "");
}

}  // namespace
