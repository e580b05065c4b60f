#pragma once
/// \file
/// A row seen through an edit: the kernels read edited logits, the caller's row stays as it is.

#include <algorithm>
#include <cstddef>
#include <span>

#include "urn/core/exact.hpp"
#include "urn/core/row.hpp"
#include "urn/kernel/touch_list.hpp"

namespace urn {

/// A logit as an edit that follows a temperature sees it: l / T rounded once; at T = 1, l.
URN_HOST_DEVICE inline float at_temperature(float logit, float temperature) {
  return exact::bits(temperature) == exact::bits(1.0F) ? logit : exact::div(logit, temperature);
}

namespace detail {

/// The base row's logits at the temperature, in the buffer.
template <logits_row Base>
std::span<float> load_into(const Base& base, float temperature, std::size_t first, std::size_t count,
                           block_buffer& buffer) {
  const std::span<const float> logits = base.load(first, count, buffer);
  if (logits.data() != buffer.logits) std::copy(logits.begin(), logits.end(), buffer.logits);
  if (exact::bits(temperature) != exact::bits(1.0F)) {
    buffer.conversions->divide(buffer.logits, count, temperature);
  }
  return {buffer.logits, count};
}

/// Edits the logits of tokens first, first + 1, ...
template <class Edit>
void edit_each(const Edit& edit, token_id first, std::span<float> logits) {
  if constexpr (requires { edit.edit_run(first, logits); }) {
    edit.edit_run(first, logits);
  } else {
    const Edit local = edit;  // which the logits cannot alias, so that the loop becomes vector code
    const auto edit_run = [local](float* run, token_id id, std::size_t count) {
      for (std::size_t j = 0; j < count; ++j) run[j] = local(run[j], id + static_cast<token_id>(j));
    };
    constexpr std::size_t lanes = 16;
    const std::size_t whole = logits.size() / lanes * lanes;
    const auto id_at = [=](std::size_t i) { return first + static_cast<token_id>(i); };
    for (std::size_t i = 0; i < whole; i += lanes) edit_run(&logits[i], id_at(i), lanes);
    edit_run(logits.data() + whole, id_at(whole), logits.size() - whole);
  }
}

}  // namespace detail

/// Every logit l of token i becomes edit(l, i); without an edit, the base row as it is.
template <logits_row Base, class Edit>
class elementwise_row {
 public:
  /// The base row unchanged.
  explicit elementwise_row(const Base& base) : base_(&base) {}
  elementwise_row(const Base& base, const Edit& edit, float temperature)
      : base_(&base), edit_(&edit), temperature_(temperature) {}

  [[nodiscard]] std::size_t size() const { return base_->size(); }
  [[nodiscard]] token_id id(std::size_t i) const { return base_->id(i); }
  [[nodiscard]] float at(std::size_t i) const {
    if (edit_ == nullptr) return base_->at(i);
    return (*edit_)(at_temperature(base_->at(i), temperature_), id(i));
  }

  [[nodiscard]] std::span<const float> load(std::size_t first, std::size_t count,
                                            block_buffer& buffer) const {
    if (edit_ == nullptr) return base_->load(first, count, buffer);
    const std::span<float> logits = detail::load_into(*base_, temperature_, first, count, buffer);
    const bool consecutive = static_cast<std::size_t>(id(first + count - 1) - id(first)) == count - 1;
    if (consecutive) {
      detail::edit_each(*edit_, id(first), logits);
    } else {
      for (std::size_t i = 0; i < count; ++i) logits[i] = (*edit_)(logits[i], id(first + i));
    }
    return logits;
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
  sparse_row(const Base& base, const Edit& edit, std::span<const touched_token> touched, float temperature)
      : base_(&base), edit_(&edit), touched_(touched), temperature_(temperature) {}

  [[nodiscard]] std::size_t size() const { return base_->size(); }
  [[nodiscard]] token_id id(std::size_t i) const { return base_->id(i); }
  [[nodiscard]] float at(std::size_t i) const {
    const float logit = at_temperature(base_->at(i), temperature_);
    const std::span<const touched_token> hit = touched_between(touched_, id(i), id(i) + 1);
    return hit.empty() ? logit : (*edit_)(logit, hit.front().value);
  }

  [[nodiscard]] std::span<const float> load(std::size_t first, std::size_t count,
                                            block_buffer& buffer) const {
    const std::span<const touched_token> hits =
        touched_between(touched_, id(first), id(first + count - 1) + 1);
    const bool unchanged = hits.empty() && exact::bits(temperature_) == exact::bits(1.0F);
    if (unchanged) return base_->load(first, count, buffer);
    const std::span<float> logits = detail::load_into(*base_, temperature_, first, count, buffer);
    for (const touched_token& t : hits) {
      float& logit = logits[static_cast<std::size_t>(t.id - id(first))];
      logit = (*edit_)(logit, t.value);
    }
    return logits;
  }

 private:
  const Base* base_;
  const Edit* edit_;
  std::span<const touched_token> touched_;
  float temperature_;
};

}  // namespace urn
