#pragma once
// The corpus on Thrust's device system, whichever this program is compiled for: rows go to its memory first,
// masks to one that the host reads as well, where the drawn token's logit is asked for.

#include "urn/kernel/thrust/policy.hpp"
// After urn's header, with which Thrust needs no CUDA compiler.
#include <thrust/device_vector.h>
#include <thrust/universal_vector.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#include "corpus.hpp"
#include "pipelines.hpp"
#include "urn/urn.hpp"

namespace proof {

inline const auto thrust_policy = urn::thrust_on(thrust::device);

/// As the one for other policies.
template <class Policy, urn::logit_type T>
  requires std::same_as<Policy, std::remove_cv_t<decltype(thrust_policy)>> urn::draw draw_by_pipeline(
      const Policy& policy, const sample_case& c, std::span<const T> row, const urn::draw_context& context,
      urn::workspace& scratch) {
    const thrust::device_vector<T> logits(row.begin(), row.end());
    const thrust::universal_vector<std::int32_t> mask(c.allowed.begin(), c.allowed.end());
    const std::span<const std::int32_t> allowed{thrust::raw_pointer_cast(mask.data()), mask.size()};
    const borrowed<urn::bad_words> with{allowed, c.biases, c.ends, {c.bad}};
    urn::draw result;
    const auto draw_if = [&]<std::size_t Pipeline>(std::integral_constant<std::size_t, Pipeline>) {
      if (c.pipeline != Pipeline) return;
      result = sampler_of<Pipeline>(c, with)(policy, urn::device_row{logits}, context, scratch);
    };
    [&]<std::size_t... All>(std::index_sequence<All...>) {
      (draw_if(std::integral_constant<std::size_t, All>{}), ...);
    }
    (std::make_index_sequence<built_pipelines>{});
    return result;
  }

}  // namespace proof
