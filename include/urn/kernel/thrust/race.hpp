#pragma once
/// \file
/// The draw as a race.

#include <cstddef>
#include <cstdint>

#include "urn/core/draw.hpp"
#include "urn/core/platform.hpp"
#include "urn/kernel/scalar/race.hpp"
#include "urn/kernel/thrust/lent_row.hpp"
#include "urn/kernel/thrust/system.hpp"
#include "urn/random/random_bits.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn::kernel::by_thrust {

/// One token's run.
struct as_runner {
  float c;
  std::uint32_t row_key;
  draw_key key;

  URN_HOST_DEVICE race_leader operator()(const placed_token& t) const {
    race_leader alone;
    const std::uint64_t bits = token_bits(key, lane_purpose::race, t.id);
    alone.run(weight_in_row(t.logit, c, row_key), bits, t.id, t.place);
    return alone;
  }
};
struct first_of_two {
  URN_HOST_DEVICE race_leader operator()(race_leader a, const race_leader& b) const {
    if (b.token != no_token) a.meet(b.time, b.token, b.place);
    return a;
  }
};

/// See scalar::race.
template <thrust_execution Exec>
std::size_t race(const lent_row<Exec>& row, float c, std::uint32_t row_key, const draw_key& key) {
  const auto tokens = row.each(as_runner{c, row_key, key});
  return thrust::reduce(row.exec(), tokens, tokens + row.size(), race_leader{}, first_of_two{}).place;
}

}  // namespace urn::kernel::by_thrust
URN_EITHER_SIDE_END
