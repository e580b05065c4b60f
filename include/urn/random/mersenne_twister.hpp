#pragma once
/// \file
/// mersenne_twister: the generator behind other libraries' results, where they must be reproduced. urn's own
/// draws come from Philox.

#include <array>
#include <cstddef>
#include <cstdint>

namespace urn {

/// MT19937 (Matsumoto and Nishimura, 1998): the numbers of std::mt19937 and of PyTorch's generators on the
/// CPU, without what `<random>` adds to the time of a compilation.
class mersenne_twister {
 public:
  explicit mersenne_twister(std::uint32_t seed) {
    state_[0] = seed;
    for (std::uint32_t i = 1; i < size; ++i) {
      state_[i] = 1812433253U * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
    }
  }

  std::uint32_t operator()() {
    if (next_ == size) twist();
    std::uint32_t y = state_[next_++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9D2C5680U;
    y ^= (y << 15) & 0xEFC60000U;
    return y ^ (y >> 18);
  }

 private:
  static constexpr std::size_t size = 624;

  void twist() {
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint32_t y = (state_[i] & 0x80000000U) | (state_[(i + 1) % size] & 0x7FFFFFFFU);
      state_[i] = state_[(i + 397) % size] ^ (y >> 1) ^ ((y & 1) != 0 ? 0x9908B0DFU : 0U);
    }
    next_ = 0;
  }

  std::array<std::uint32_t, size> state_{};
  std::size_t next_ = size;
};

}  // namespace urn
