#pragma once
/// \file
/// What differs between compilers, in one place.

/// Functions that a device compiler builds for host and device.
#if defined(__CUDACC__) || defined(__HIPCC__)
#define URN_HOST_DEVICE __host__ __device__
#else
#define URN_HOST_DEVICE
#endif

/// A function of many uses that a device compiler is to call: inlined everywhere, a pipeline takes it
/// minutes.
#if defined(__CUDACC__)
#define URN_CALLED __noinline__
#else
#define URN_CALLED
#endif

/// What joins a pipeline's stages: a device compiler must see through all of it, or a row's state lies on
/// every thread's stack (500 us instead of 450 for 1024 rows by a chain of nine stages on an H100).
#if defined(__CUDA_ARCH__)
#define URN_JOINING __attribute__((always_inline))
#else
#define URN_JOINING
#endif

/// Between these two a function for host and device may call what only one of them has: which side runs it is
/// decided by its execution policy.
#if defined(__NVCC__)
#define URN_EITHER_SIDE_BEGIN _Pragma("nv_diagnostic push") _Pragma("nv_diag_suppress 20011,20014")
#define URN_EITHER_SIDE_END _Pragma("nv_diagnostic pop")
#else
#define URN_EITHER_SIDE_BEGIN
#define URN_EITHER_SIDE_END
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
