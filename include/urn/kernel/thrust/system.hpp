#pragma once
/// \file
/// Thrust's headers, all that the kernels use, and what an execution policy says of its system.

#if !defined(THRUST_DEVICE_SYSTEM) && !defined(__CUDACC__)
#define THRUST_DEVICE_SYSTEM THRUST_DEVICE_SYSTEM_CPP  // or Thrust would ask for CUDA's headers
#endif
#include <thrust/copy.h>
#include <thrust/count.h>
#include <thrust/device_ptr.h>
#include <thrust/execution_policy.h>
#include <thrust/functional.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/discard_iterator.h>
#include <thrust/iterator/transform_iterator.h>
#include <thrust/iterator/zip_iterator.h>
#include <thrust/memory.h>
#include <thrust/reduce.h>
#include <thrust/scan.h>
#include <thrust/sort.h>
#include <thrust/transform.h>
#include <thrust/tuple.h>

#include <concepts>

namespace urn::kernel::by_thrust {

template <class Derived>
void take_policy(const thrust::execution_policy<Derived>&);

/// thrust::seq, thrust::omp::par, thrust::tbb::par, thrust::cuda::par_nosync.on(stream), ...
template <class Exec>
concept thrust_execution = requires(const Exec& exec) {
  take_policy(exec);
};

/// True if the policy's system works in the host's memory. Of Thrust's systems only CUDA does not.
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
template <class Exec>
inline constexpr bool works_on_host = !std::convertible_to<const Exec&, thrust::device_system_tag>;
#else
template <class>
inline constexpr bool works_on_host = true;
#endif

}  // namespace urn::kernel::by_thrust
