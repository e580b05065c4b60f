#pragma once
/// \file
/// A row as a pass holds it: by value. The views that edits stack on a row lie on the threads' stacks, and
/// whoever reads strip after strip would follow pointers through them each time (600 cycles at 1024 rows on
/// an H100, where the stacks do not fit in L1).

#include <cstddef>
#include <optional>
#include <span>

#include "urn/core/workspace.hpp"
#include "urn/kernel/cuda/patched_row.hpp"
#include "urn/kernel/edited_row.hpp"

namespace urn::kernel::cuda {

/// Of an elementwise_row.
template <class Base, class Edit>
struct held_edit {
  Base base;
  std::optional<Edit> edit;
  float temperature;

  [[nodiscard]] __device__ std::size_t size() const { return base.size(); }
};

/// Of a patched_row.
template <class Base, int N>
struct held_patches {
  Base base;
  std::span<const touched_token> patches;
  float temperatures[N];
  unsigned next = 0;  ///< patch: all before belong to strips that the pass has left behind

  [[nodiscard]] __device__ std::size_t size() const { return base.size(); }
  [[nodiscard]] __device__ bool has_temperature() const { return any_temperature(temperatures); }
  [[nodiscard]] __device__ float unpatched(float logit) const { return at_temperatures(logit, temperatures); }
};

/// Of one without temperatures.
template <class Base>
struct held_patches<Base, 0> {
  Base base;
  std::span<const touched_token> patches;
  unsigned next = 0;

  [[nodiscard]] __device__ std::size_t size() const { return base.size(); }
  [[nodiscard]] __device__ static bool has_temperature() { return false; }
  [[nodiscard]] __device__ static float unpatched(float logit) { return logit; }
};

template <class Row>
__device__ Row held(const Row& row) {
  return row;
}
template <class Base, class Edit>
__device__ auto held(const elementwise_row<Base, Edit>& row) {
  held_edit<decltype(held(row.base())), Edit> it{held(row.base()), std::nullopt, row.temperature()};
  if (row.edit() != nullptr) it.edit = *row.edit();
  return it;
}
template <class Base, int N>
__device__ auto held(const patched_row<Base, N>& row) {
  held_patches<decltype(held(row.base())), N> it{held(row.base()), row.patches()};
  for (int i = 0; i < N; ++i) it.temperatures[i] = row.temperatures()[i];
  return it;
}

/// Whether a patched row's logits are divided as well; if not, without_temperature is the same row.
template <class Held>
__device__ bool has_temperature(const Held&) {
  return false;
}
template <class Base, class Edit>
__device__ bool has_temperature(const held_edit<Base, Edit>& row) {
  return has_temperature(row.base);
}
template <class Base, int N>
__device__ bool has_temperature(const held_patches<Base, N>& row) {
  return row.has_temperature() || has_temperature(row.base);
}
template <class Held>
__device__ Held without_temperature(const Held& row) {
  return row;
}
template <class Base, class Edit>
__device__ auto without_temperature(const held_edit<Base, Edit>& row) {
  return held_edit<decltype(without_temperature(row.base)), Edit>{without_temperature(row.base), row.edit,
                                                                  row.temperature};
}
template <class Base, int N>
__device__ auto without_temperature(const held_patches<Base, N>& row) {
  return held_patches<decltype(without_temperature(row.base)), 0>{without_temperature(row.base), row.patches};
}

/// The row that edits stand on.
template <class Row>
__device__ const Row& unedited(const Row& row) {
  return row;
}
template <class Base, class Edit>
__device__ const auto& unedited(const held_edit<Base, Edit>& row) {
  return unedited(row.base);
}
template <class Base, int N>
__device__ const auto& unedited(const held_patches<Base, N>& row) {
  return unedited(row.base);
}

}  // namespace urn::kernel::cuda
