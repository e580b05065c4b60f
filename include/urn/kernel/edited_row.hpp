#pragma once
/// \file
/// A row seen through an edit: the kernels read edited logits, the caller's row stays as it is.

#include <algorithm>
#include <cstddef>
#include <span>

#include "urn/core/exact.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/row.hpp"
#include "urn/kernel/touch_list.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// A logit as an edit that follows a temperature sees it: l / T rounded once; at T = 1, l.
URN_HOST_DEVICE inline float at_temperature(float logit, float temperature) {
  return exact::bits(temperature) == exact::bits(1.0F) ? logit : exact::div(logit, temperature);
}

namespace detail {

/// Puts logits into the buffer, unless they are there.
inline void copy_into(block_buffer& buffer, std::span<const float> logits) {
  if (logits.data() != buffer.logits) std::copy(logits.begin(), logits.end(), buffer.logits);
}

/// The base row's logits at the temperature; in the buffer unless they are as they were.
template <logits_row Base>
std::span<const float> load_at(const Base& base, float temperature, std::size_t first, std::size_t count,
                               block_buffer& buffer) {
  const std::span<const float> logits = base.load(first, count, buffer);
  if (exact::bits(temperature) == exact::bits(1.0F)) return logits;
  copy_into(buffer, logits);
  buffer.conversions->divide(buffer.logits, count, temperature);
  return {buffer.logits, count};
}

/// Edits the logits of tokens first, first + 1, ... into a buffer, which may be where they are.
template <class Edit>
void edit_run(const Edit& edit, token_id first, std::span<const float> from, block_buffer& buffer) {
  if constexpr (requires { edit.edit_run(first, from, buffer); }) {
    edit.edit_run(first, from, buffer);
  } else {
    const Edit local = edit;  // which the logits cannot alias, so that the loop becomes vector code
    const auto edit_in_place = [local](float* run, token_id id, std::size_t count) {
      for (std::size_t j = 0; j < count; ++j) run[j] = local(run[j], id + static_cast<token_id>(j));
    };
    constexpr std::size_t lanes = 16;
    const std::size_t whole = from.size() / lanes * lanes;
    const auto id_at = [=](std::size_t i) { return first + static_cast<token_id>(i); };
    float* const to = buffer.logits;
    copy_into(buffer, from);
    for (std::size_t i = 0; i < whole; i += lanes) edit_in_place(to + i, id_at(i), lanes);
    edit_in_place(to + whole, id_at(whole), from.size() - whole);
  }
}

}  // namespace detail

/// Every logit l of token i becomes edit(l, i); without an edit, the base row as it is.
template <logits_row Base, class Edit>
class elementwise_row {
 public:
  /// The base row unchanged.
  URN_HOST_DEVICE explicit elementwise_row(const Base& base) : base_(&base) {}
  URN_HOST_DEVICE elementwise_row(const Base& base, const Edit& edit, float temperature)
      : base_(&base), edit_(&edit), temperature_(temperature) {}

  [[nodiscard]] URN_HOST_DEVICE std::size_t size() const { return base_->size(); }
  [[nodiscard]] URN_HOST_DEVICE token_id id(std::size_t i) const { return base_->id(i); }
  URN_INLINE void prefetch(std::size_t first, std::size_t count) const {
    urn::prefetch(*base_, first, count);
  }
  [[nodiscard]] URN_HOST_DEVICE float at(std::size_t i) const {
    if (edit_ == nullptr) return base_->at(i);
    return (*edit_)(at_temperature(base_->at(i), temperature_), id(i));
  }

  /// Its parts, for backends that load in their own way; edit() is null where there is none.
  [[nodiscard]] URN_HOST_DEVICE const Base& base() const { return *base_; }
  [[nodiscard]] URN_HOST_DEVICE const Edit* edit() const { return edit_; }
  [[nodiscard]] URN_HOST_DEVICE float temperature() const { return temperature_; }

  [[nodiscard]] std::span<const float> load(std::size_t first, std::size_t count,
                                            block_buffer& buffer) const {
    if (edit_ == nullptr) return base_->load(first, count, buffer);
    const std::span<const float> logits = detail::load_at(*base_, temperature_, first, count, buffer);
    const bool consecutive = static_cast<std::size_t>(id(first + count - 1) - id(first)) == count - 1;
    if (consecutive) {
      detail::edit_run(*edit_, id(first), logits, buffer);
    } else {
      for (std::size_t i = 0; i < count; ++i) buffer.logits[i] = (*edit_)(logits[i], id(first + i));
    }
    return {buffer.logits, count};
  }

 private:
  const Base* base_;
  const Edit* edit_ = nullptr;
  float temperature_ = 1.0F;
};

/// The logit l of each touched token becomes edit(l, value); the others stay. A block without touched tokens
/// is read in place. The base is a whole row: position and id are the same.
template <logits_row Base, class Edit>
class sparse_row {
 public:
  URN_HOST_DEVICE sparse_row(const Base& base, const Edit& edit, std::span<const touched_token> touched,
                             float temperature)
      : base_(&base), edit_(&edit), touched_(touched), temperature_(temperature) {}

  [[nodiscard]] URN_HOST_DEVICE std::size_t size() const { return base_->size(); }
  [[nodiscard]] URN_HOST_DEVICE token_id id(std::size_t i) const { return base_->id(i); }
  URN_INLINE void prefetch(std::size_t first, std::size_t count) const {
    urn::prefetch(*base_, first, count);
  }
  [[nodiscard]] URN_HOST_DEVICE float at(std::size_t i) const {
    const float logit = at_temperature(base_->at(i), temperature_);
    const std::span<const touched_token> hit = touched_between(touched_, id(i), id(i) + 1);
    return hit.empty() ? logit : (*edit_)(logit, hit.front().value);
  }

  /// Its parts, for backends that load in their own way.
  [[nodiscard]] URN_HOST_DEVICE const Base& base() const { return *base_; }
  [[nodiscard]] URN_HOST_DEVICE const Edit& edit() const { return *edit_; }
  [[nodiscard]] URN_HOST_DEVICE float temperature() const { return temperature_; }
  [[nodiscard]] URN_HOST_DEVICE std::span<const touched_token> touched() const { return touched_; }

  [[nodiscard]] std::span<const float> load(std::size_t first, std::size_t count,
                                            block_buffer& buffer) const {
    const std::span<const touched_token> hits =
        touched_between(touched_, id(first), id(first + count - 1) + 1);
    const std::span<const float> logits = detail::load_at(*base_, temperature_, first, count, buffer);
    if (hits.empty()) return logits;
    detail::copy_into(buffer, logits);
    for (const touched_token& t : hits) {
      float& logit = buffer.logits[static_cast<std::size_t>(t.id - id(first))];
      logit = (*edit_)(logit, t.value);
    }
    return {buffer.logits, count};
  }

 private:
  const Base* base_;
  const Edit* edit_;
  std::span<const touched_token> touched_;
  float temperature_;
};

}  // namespace urn
URN_EITHER_SIDE_END
