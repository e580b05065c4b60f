#pragma once
/// \file
/// Rows as functions of the position that a device can copy: of pointers into its memory and of values, where
/// the rows of the pipeline point at each other.

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <type_traits>

#include "urn/core/platform.hpp"
#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/edited_row.hpp"
#include "urn/kernel/thrust/device_row.hpp"
#include "urn/kernel/thrust/system.hpp"
#include "urn/kernel/thrust/temporary.hpp"
#include "urn/kernel/touch_list.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn::kernel::by_thrust {

/// A row as it came.
template <logit_type T>
struct stored_logits {
  const T* data;

  [[nodiscard]] URN_HOST_DEVICE float operator()(std::size_t i) const { return to_float(data[i]); }
  [[nodiscard]] URN_HOST_DEVICE static token_id id(std::size_t i) { return static_cast<token_id>(i); }
};

/// What elementwise_row is.
template <class Base, class Edit>
struct edited_logits {
  Base base;
  std::optional<Edit> edit;
  float temperature;

  [[nodiscard]] URN_HOST_DEVICE token_id id(std::size_t i) const { return base.id(i); }
  [[nodiscard]] URN_HOST_DEVICE float operator()(std::size_t i) const {
    const float logit = base(i);
    return edit ? (*edit)(at_temperature(logit, temperature), id(i)) : logit;
  }
};

/// What sparse_row is.
template <class Base, class Edit>
struct touched_logits {
  Base base;
  Edit edit;
  float temperature;
  const touched_token* touched;
  std::size_t count;

  [[nodiscard]] URN_HOST_DEVICE token_id id(std::size_t i) const { return base.id(i); }
  [[nodiscard]] URN_HOST_DEVICE float operator()(std::size_t i) const {
    const float logit = at_temperature(base(i), temperature);
    const auto hit = touched_between({touched, count}, id(i), id(i) + 1);
    return hit.empty() ? logit : edit(logit, hit.front().value);
  }
};

/// Any other row, read where it is.
template <logits_row Row>
struct borrowed_logits {
  const Row* row;

  [[nodiscard]] float operator()(std::size_t i) const { return row->at(i); }
  [[nodiscard]] token_id id(std::size_t i) const { return row->id(i); }
};

/// The touched tokens of a row's edits, in memory of the policy's system.
template <class Exec>
using lent_tokens = std::list<temporary<touched_token, Exec>>;

template <class Exec, class Edit>
constexpr void check_edit() {
  static_assert(works_on_host<Exec> || std::is_trivially_copyable_v<Edit>,
                "urn: an edit that runs on a device must be trivially copyable");
}

template <class Exec, logit_type T>
stored_logits<T> lend(const Exec&, const row_view<T>& row, lent_tokens<Exec>&) {
  return {row.data()};
}
template <class Exec, logit_type T>
stored_logits<T> lend(const Exec&, const device_row<T>& row, lent_tokens<Exec>&) {
  return {row.address()};
}
template <class Exec, class Base, class Edit>
auto lend(const Exec& exec, const elementwise_row<Base, Edit>& row, lent_tokens<Exec>& tokens) {
  check_edit<Exec, Edit>();
  auto base = lend(exec, row.base(), tokens);
  std::optional<Edit> edit;
  if (row.edit() != nullptr) edit.emplace(*row.edit());
  return edited_logits<decltype(base), Edit>{base, edit, row.temperature()};
}
template <class Exec, class Base, class Edit>
auto lend(const Exec& exec, const sparse_row<Base, Edit>& row, lent_tokens<Exec>& tokens) {
  check_edit<Exec, Edit>();
  auto base = lend(exec, row.base(), tokens);
  const auto& touched = tokens.emplace_back(exec, row.touched());
  return touched_logits<decltype(base), Edit>{base, row.edit(), row.temperature(), touched.begin(),
                                              row.touched().size()};
}
template <class Exec, logits_row Row>
borrowed_logits<Row> lend(const Exec&, const Row& row, lent_tokens<Exec>&) {
  static_assert(works_on_host<Exec>, "urn: a device cannot read a row of this type");
  return {&row};
}

}  // namespace urn::kernel::by_thrust
URN_EITHER_SIDE_END
