#pragma once
/// \file
/// What differs between compilers, in one place.

/// Functions that a device compiler builds for host and device.
#if defined(__CUDACC__) || defined(__HIPCC__)
#define URN_HOST_DEVICE __host__ __device__
#else
#define URN_HOST_DEVICE
#endif

/// True while the device side is compiled.
#if defined(__CUDA_ARCH__) || defined(__HIP_DEVICE_COMPILE__)
#define URN_DEVICE_PASS 1
#else
#define URN_DEVICE_PASS 0
#endif

/// For what must not be shared between files that are compiled for different instruction sets.
#define URN_INLINE inline __attribute__((always_inline))
#define URN_INLINE_LAMBDA __attribute__((always_inline))
