#include "urn/kernel/thrust/temporary.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "kernel/thrust/on_device.hpp"

namespace {

using on_device::exec;
using memory = urn::kernel::by_thrust::temporary<std::uint64_t, decltype(thrust::device)>;

struct doubled {
  URN_HOST_DEVICE std::uint64_t operator()(std::uint64_t x) const { return 2 * x; }
};

TEST(temporary, is_filled_worked_on_and_brought_back) {
  for (const std::size_t size : {1U, 2U, 1000U, 70000U}) {
    std::vector<std::uint64_t> numbers(size);
    std::iota(numbers.begin(), numbers.end(), 5U);
    const memory there(exec, std::span<const std::uint64_t>(numbers));
    ASSERT_EQ(there.end() - there.begin(), static_cast<std::ptrdiff_t>(size));
    const memory other(exec, size);
    thrust::transform(exec, there.begin(), there.end(), other.begin(), doubled{});
    std::vector<std::uint64_t> back(size, 1);
    other.to_host(std::span(back).first(size / 2 + 1));
    for (std::size_t i = 0; i < size; ++i) ASSERT_EQ(back[i], i <= size / 2 ? 2 * numbers[i] : 1) << i;
  }
}

TEST(temporary, may_be_empty) {
  const memory none(exec, std::size_t{0});
  EXPECT_EQ(none.begin(), none.end());
  none.to_host({});
}

}  // namespace
