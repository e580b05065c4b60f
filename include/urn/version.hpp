#pragma once
/// \file
/// The version of urn: written here once; CMake reads it from this file.

#define URN_VERSION_MAJOR 0
#define URN_VERSION_MINOR 1
#define URN_VERSION_PATCH 0

namespace urn {

/// The semantic version of these headers.
struct version_number {
  int major, minor, patch;
  friend constexpr bool operator==(version_number, version_number) = default;
};

/// The version that a program is compiled with.
inline constexpr version_number version{URN_VERSION_MAJOR, URN_VERSION_MINOR, URN_VERSION_PATCH};

}  // namespace urn
