#pragma once
// What an object that is compiled for an instruction set of its own tells the others.
#include <cstddef>
#include <cstdint>
#include <vector>

struct drawn {
  std::size_t width = 0;  ///< of the vectors it was drawn with
  std::int32_t token = 0;
  float logprob = 0;
  std::uint64_t mass = 0;
};

drawn avx2(const std::vector<float>& logits, std::uint32_t step);
drawn avx512(const std::vector<float>& logits, std::uint32_t step);
