#pragma once
/// \file
/// A file's bytes, mapped into memory and given back with the object.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "urn/core/error.hpp"

namespace urn {

/// A whole file, read only (POSIX mmap). Moving keeps the bytes where they are. As with every mapping,
/// another process that shortens the file while it is mapped takes the pages away: replace model files, don't
/// truncate them.
class mapped_file {
 public:
  mapped_file() = default;
  /// Maps the regular file at `path`; throws urn::error when it cannot be read. An empty file has no bytes.
  explicit mapped_file(const std::filesystem::path& path);
  mapped_file(mapped_file&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  mapped_file& operator=(mapped_file&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  mapped_file(const mapped_file&) = delete;
  mapped_file& operator=(const mapped_file&) = delete;
  ~mapped_file() {
    if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
  }

  /// Valid until this object, or the one it was moved into, is destroyed.
  std::span<const std::byte> bytes() const { return bytes_; }
  /// The same bytes as characters.
  std::string_view text() const {
    return bytes_.empty() ? std::string_view{}
                          : std::string_view(reinterpret_cast<const char*>(bytes_.data()), bytes_.size());
  }

 private:
  std::span<std::byte> bytes_;
};

namespace detail {

/// A file descriptor that closes itself.
struct descriptor {
  int value;
  explicit descriptor(int opened) : value(opened) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (value >= 0) ::close(value);
  }
};

[[noreturn]] inline void refuse_file(const std::filesystem::path& path, int code) {
  throw error(path.string(), "cannot be read: " + std::generic_category().message(code),
              "expected a readable file");
}

}  // namespace detail

inline mapped_file::mapped_file(const std::filesystem::path& path) {
  const detail::descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about {};
  if (file.value < 0 || ::fstat(file.value, &about) != 0) detail::refuse_file(path, errno);
  if (!S_ISREG(about.st_mode))
    throw error(path.string(), "is not a regular file", "expected a readable file");
  const auto size = static_cast<std::size_t>(about.st_size);
  if (size == 0) return;
  void* const start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.value, 0);
  if (start == MAP_FAILED) detail::refuse_file(path, errno);  // NOLINT(*-int-to-ptr)
  bytes_ = {static_cast<std::byte*>(start), size};
}

}  // namespace urn
