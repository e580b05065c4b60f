#pragma once
/// \file
/// The tokens that a team keeps or ranks, as they are written and gone through: on chip if they fit, else in
/// the caller's memory.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/exact.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/row.hpp"
#include "urn/core/token.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/cuda/team.hpp"

namespace urn::kernel::cuda {

/// Where a cut may write a single token.
__device__ inline candidate_list room_in(team_workspace& work) {
  return {{work.near().kept_ids, near_kept}, {work.near().kept_logits, near_kept}};
}

/// Together: room for so many kept tokens, on chip if they fit, else on a shelf.
__device__ inline candidate_list room_for(team_workspace& work, std::size_t count) {
  if (count <= near_kept) return room_in(work).first(count);
  const far_list far = work.kept_afar();
  return {{far.ids, count}, {far.logits, count}};
}

/// The kept tokens as they are written: on chip as long as they fit, else on a shelf.
class kept_writer {
 public:
  __device__ explicit kept_writer(team_workspace& work) : work_(&work) {}

  /// Together, before so many tokens are put.
  __device__ void expect(std::size_t count) {
    if (count > near_kept && far_.ids == nullptr) far_ = work_->kept_afar();
  }
  __device__ void put(std::size_t i, token_id id, float logit) const {
    const bool near = i < near_kept;
    (near ? work_->near().kept_ids : far_.ids)[i] = id;
    (near ? work_->near().kept_logits : far_.logits)[i] = logit;
  }
  __device__ void put(std::size_t i, token_id id) const {
    (i < near_kept ? work_->near().kept_ids : far_.ids)[i] = id;
  }
  /// Together: the first `count`, of which only the ids were put, with their logits in `row`.
  template <class Row>
  __device__ candidate_list finish(std::size_t count, const Row& row) const {
    const candidate_list list = finish(count);
#pragma unroll 1
    for (std::size_t i = threadIdx.x; i < count; i += team_threads()) {
      list.logits[i] = row.at(static_cast<std::size_t>(list.ids[i]));
    }
    work_->together.sync();
    return list;
  }
  /// Of a list that has at most a token a thread.
  __device__ static void put_near(std::size_t i, token_id id, float logit) {
    team_workspace::near().kept_ids[i] = id;
    team_workspace::near().kept_logits[i] = logit;
  }
  __device__ static candidate_list finish_near(std::size_t count) {
    team::sync();
    return {{team_workspace::near().kept_ids, count}, {team_workspace::near().kept_logits, count}};
  }
  /// Together: the first `count`, in one place.
  __device__ candidate_list finish(std::size_t count) const {
    cut_memory& near = work_->near();
    work_->together.sync();
    if (count <= near_kept) return {{near.kept_ids, count}, {near.kept_logits, count}};
#pragma unroll 1
    for (std::size_t i = threadIdx.x; i < near_kept; i += team_threads()) {
      far_.ids[i] = near.kept_ids[i];
      far_.logits[i] = near.kept_logits[i];
    }
    work_->together.sync();
    return {{far_.ids, count}, {far_.logits, count}};
  }

 private:
  team_workspace* work_;
  far_list far_{};
};

/// Calls see(logit, i) for the tokens of a list, a thread's share each. Four are loaded before the first is
/// looked at: what `see` does to shared memory would keep the compiler from it.
template <class List, class See>
__device__ void for_each_of(const List& list, See&& see) {
  constexpr std::size_t ahead = 4;
  for (std::size_t begin = threadIdx.x; begin < list.size(); begin += ahead * team_threads()) {
    float logits[ahead];
#pragma unroll
    for (std::size_t k = 0; k < ahead; ++k) {
      const std::size_t i = begin + k * team_threads();
      logits[k] = i < list.size() ? list.at(i) : exact::minus_infinity;
    }
#pragma unroll 1  // instructions that run once a row are waited for
    for (std::size_t i = begin; i < min(begin + ahead * team_threads(), list.size()); i += team_threads()) {
      see(logits[0], i);
#pragma unroll
      for (std::size_t k = 1; k < ahead; ++k) logits[k - 1] = logits[k];
    }
  }
}

/// Tokens to be ranked, as keys; beside the kept ones.
struct key_list {
  std::span<std::uint64_t> keys;

  [[nodiscard]] constexpr std::size_t size() const { return keys.size(); }
  [[nodiscard]] constexpr float at(std::size_t i) const { return logit_of(keys[i]); }
  [[nodiscard]] constexpr token_id id(std::size_t i) const { return id_of(keys[i]); }
};

class key_writer {
 public:
  __device__ explicit key_writer(team_workspace& work) : work_(&work) {}

  __device__ void expect(std::size_t count) {
    if (count > near_ranked && far_ == nullptr) far_ = work_->ranked_afar();
  }
  __device__ void put(std::size_t i, token_id id, float logit) const {
    (i < near_ranked ? work_->near().ranked : far_)[i] = order_key(logit, id);
  }
  __device__ void put(std::size_t i, token_id id) const { put(i, id, 0.0F); }
  template <class Row>
  __device__ key_list finish(std::size_t count, const Row& row) const {
    const key_list list = finish(count);
#pragma unroll 1
    for (std::size_t i = threadIdx.x; i < count; i += team_threads()) {
      const token_id id = list.id(i);
      list.keys[i] = order_key(row.at(static_cast<std::size_t>(id)), id);
    }
    work_->together.sync();
    return list;
  }
  __device__ static void put_near(std::size_t i, token_id id, float logit) {
    team_workspace::near().ranked[i] = order_key(logit, id);
  }
  __device__ static key_list finish_near(std::size_t count) {
    team::sync();
    return {{team_workspace::near().ranked, count}};
  }
  __device__ key_list finish(std::size_t count) const {
    work_->together.sync();
    if (count <= near_ranked) return {{work_->near().ranked, count}};
#pragma unroll 1
    for (std::size_t i = threadIdx.x; i < near_ranked; i += team_threads()) far_[i] = work_->near().ranked[i];
    work_->together.sync();
    return {{far_, count}};
  }

 private:
  team_workspace* work_;
  std::uint64_t* far_ = nullptr;
};

}  // namespace urn::kernel::cuda
