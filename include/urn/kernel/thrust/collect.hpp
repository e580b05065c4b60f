#pragma once
/// \file
/// What a cut keeps, on its way to the host.

#include <cstddef>
#include <cstdint>

#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/row.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/scalar/max.hpp"
#include "urn/kernel/scalar/select.hpp"
#include "urn/kernel/thrust/lent_row.hpp"
#include "urn/kernel/thrust/system.hpp"
#include "urn/kernel/thrust/temporary.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn::kernel::by_thrust {

/// The tokens whose order key is at least `lowest`.
struct key_is_at_least {
  std::uint64_t lowest;

  URN_HOST_DEVICE bool operator()(const placed_token& t) const {
    return survives(t.logit) && order_key(t.logit, t.id) >= lowest;
  }
};
/// The tokens whose own mass in row units is at least `least`.
struct mass_is_at_least {
  std::uint64_t least;
  float c;
  std::uint32_t row_key;

  URN_HOST_DEVICE bool operator()(const placed_token& t) const {
    return survives(t.logit) && mass_in_row(t.logit, c, row_key) >= least;
  }
};

/// The tokens whose logit, as `ordered`, is at least `least`.
struct logit_is_at_least {
  std::uint32_t least;

  URN_HOST_DEVICE bool operator()(const placed_token& t) const {
    return survives(t.logit) && ordered(t.logit) >= least;
  }
};

struct as_candidate {
  URN_HOST_DEVICE thrust::tuple<token_id, float> operator()(const placed_token& t) const {
    return {t.id, t.logit};
  }
};
struct is_true {
  URN_HOST_DEVICE bool operator()(bool x) const { return x; }
};

/// Copies the tokens that keep(token) accepts to `out`, in id order. `scanned` is the row's.
template <thrust_execution Exec, class Keep>
selection collect(const lent_row<Exec>& row, Keep keep, const row_scan& scanned, candidate_list out) {
  const temporary<token_id, Exec> ids(row.exec(), static_cast<std::size_t>(row.size()));
  const temporary<float, Exec> logits(row.exec(), static_cast<std::size_t>(row.size()));
  const auto to = thrust::make_zip_iterator(thrust::make_tuple(ids.begin(), logits.begin()));
  const auto tokens = row.each(as_candidate{});
  const auto end = thrust::copy_if(row.exec(), tokens, tokens + row.size(), row.each(keep), to, is_true{});
  const candidate_list kept = out.first(static_cast<std::size_t>(end - to));
  ids.to_host(kept.ids);
  logits.to_host(kept.logits);
  return {kept, (scanned.status & status::nan) | (kept.size() == 0 ? status::empty : status::ok)};
}

}  // namespace urn::kernel::by_thrust
URN_EITHER_SIDE_END
