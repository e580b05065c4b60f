#pragma once
/// \file
/// The kernel set by a team of threads: the execution policy of a pipeline on a device.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "urn/kernel/cuda/bends.hpp"
#include "urn/kernel/cuda/gather.hpp"
#include "urn/kernel/cuda/moments.hpp"
#include "urn/kernel/cuda/nucleus.hpp"
#include "urn/kernel/cuda/race.hpp"
#include "urn/kernel/cuda/row_pass.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/cuda/select.hpp"
#include "urn/kernel/cuda/token_lists.hpp"
#include "urn/kernel/cuda/typical.hpp"
#include "urn/kernel/cuda/typical_sure.hpp"
#include "urn/kernel/policy.hpp"

namespace urn::kernel::cuda {

/// All threads of a block call each kernel together, and each gets the whole answer. `WithStrips`: whether a
/// pipeline has stages that look for the best tokens; `Drawn`: whether its nucleus may be drawn from and not
/// looked at otherwise.
template <bool WithStrips, bool Drawn>
struct team_policy : scalar_t {
  using workspace = team_workspace;

  workspace* work;

  __device__ explicit team_policy(workspace& scratch) : work(&scratch) {}

  template <class DoOne>
  __device__ void each(std::size_t n, DoOne&& do_one) const {
    if (n == 0) return;
    work->together.sync();
#pragma unroll 1  // here and wherever a loop has a round or two a row: what is not fetched is not waited for
    for (std::size_t i = threadIdx.x; i < n; i += team_threads()) do_one(i);
    work->together.sync();
  }
  template <class IsGood>
  __device__ bool all(std::size_t n, IsGood&& is_good) const {
    bool good = true;
#pragma unroll 1
    for (std::size_t i = threadIdx.x; i < n; i += team_threads()) good &= is_good(i);
    return work->together.all(good);
  }
  template <class Edit>
  __device__ gathered gather(const Edit& edit, const draw_context& context, std::size_t vocabulary,
                             std::size_t used, workspace& scratch) const {
    return gather_touched(scratch, edit, context, vocabulary, used);
  }

  template <class Row, class Edit>
  __device__ auto touch(const Row& row, const Edit& edit, std::span<const touched_token> touched,
                        float temperature) const {
    return patched(*work, row, edit, touched, temperature);
  }
  template <class Row>
  __device__ row_scan scan(const Row& row, std::span<float> maxima) const {
    return scan_row(*work, row, maxima);
  }
  __device__ row_scan scan(candidate_list list, std::span<float>) const { return scan_list(*work, list); }
  template <class Row>
  __device__ row_max max(const Row& row, row_scan scanned) const {
    return best_token(*work, row, scanned);
  }
  template <class Row>
  __device__ row_mass mass(const Row& row, float c, std::span<weighed_block>, std::span<float> maxima) const {
    return mass_of_row(*work, row, c, maxima, WithStrips);
  }
  __device__ row_mass mass_of_kept(candidate_list kept, float c, row_scan scanned) const {
    row_mass mass = unit_of(scanned, c);
    if (has(mass.status, status::infinite | status::empty | status::out_of_range)) return mass;
    mass.total = mass_of(*work, kept, c, mass.key);
    return mass;
  }

  template <class Row>
  __device__ selection select_k(const Row& row, std::size_t k, row_scan scanned, workspace& scratch) const {
    return selected(best_of(scratch, row, k, scanned, kept_writer(scratch)), scanned);
  }
  template <class Row>
  __device__ selection select_mass(const Row& row, float c, row_mass mass, std::uint64_t target,
                                   row_scan scanned, workspace& scratch) const {
    const auto kept = prefix_of<Drawn>(scratch, row, mass_target{c, mass.key, target}, mass.total, scanned);
    return selected(kept.list, scanned, kept.mass);
  }
  template <class Row>
  __device__ selection select_above(const Row& row, float c, std::uint32_t row_key, std::uint64_t least,
                                    row_scan scanned, workspace& scratch) const {
    return selected(heavy_of(scratch, row, c, row_key, least, scanned), scanned);
  }
  template <class Row>
  __device__ selection select_reaching(const Row& row, float least, row_scan scanned,
                                       workspace& scratch) const {
    return selected(reaching_of(scratch, row, least, scanned), scanned);
  }
  __device__ mass_range range_of(const row_mass& mass, std::span<const weighed_block> blocks,
                                 std::size_t tokens) const {
    return range_of_blocks(*work, mass, blocks, tokens);
  }
  template <class Row>
  __device__ std::optional<selection> select_typical_surely(const Row& row, const typical_doubt& doubt,
                                                            row_scan scanned, workspace& scratch) const {
    return typical_surely(scratch, row, doubt, scanned);
  }
  template <class Row>
  __device__ selection select_typical(const Row& row, const typical_aim& aim, row_scan scanned,
                                      workspace& scratch) const {
    return typical_selection(typical_of(scratch, row, aim, scanned), scanned);
  }

  template <class Row>
  __device__ std::size_t pick(const Row& row, float c, std::span<const weighed_block>, row_mass mass,
                              const draw_key& key) const {
    return pick_token(*work, row, c, mass, key);
  }
  __device__ std::size_t pick_kept(candidate_list kept, float c, row_mass mass, const draw_key& key) const {
    return pick_kept_token(*work, kept, c, mass, key);
  }
  template <class Row>
  __device__ std::size_t race(const Row& row, float c, std::span<const weighed_block>, row_mass mass,
                              const draw_key& key) const {
    return race_of(*work, row, c, mass, key);
  }
  __device__ std::size_t race_kept(candidate_list kept, float c, row_mass mass, const draw_key& key) const {
    return race_of_kept(*work, kept, c, mass, key);
  }

  template <class Row>
  __device__ row_moments moments(const Row& row, float c, std::uint32_t row_key) const {
    return moments_of(*work, row, c, row_key);
  }
  template <class Row>
  __device__ row_spread spread(const Row& row, row_scan scanned) const {
    return spread_of(*work, row, scanned);
  }
  __device__ std::size_t leading_bends(std::span<const ranked_key> ranked, float c, std::uint32_t row_key,
                                       std::uint64_t share) const {
    return bends_leading(*work, ranked, c, row_key, share);
  }
  template <class Row>
  __device__ std::span<const ranked_key> top_n(const Row& row, std::size_t n, row_scan scanned,
                                               workspace& scratch) const {
    const key_list best = best_in_order(scratch, row, n, scanned);
    return {reinterpret_cast<const ranked_key*>(best.keys.data()), best.size()};
  }
  template <class Row>
  __device__ std::size_t count_before(const Row& row, std::uint64_t key, row_scan scanned) const {
    return count_before_key(*work, row, key, scanned);
  }
};

}  // namespace urn::kernel::cuda
