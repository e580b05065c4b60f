#pragma once
// Pieces of one's own that run on every policy, devices too: examples/custom_*.cpp draws with them on the
// host, tests/kernel/cuda/custom_test.cu on a device.

#include <urn/urn.hpp>

// [cut]
struct within_bits {  // what is at least 2^-bits times as likely as the best
  using stage = urn::cut;
  int bits;

  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    if (!row.measure()) return;  // the row failed, or +inf is kept alone
    const auto mass = row.mass();
    const std::uint64_t least = urn::kernel::mass_of_best(mass, row.scale()) >> bits;
    row.keep([&](const auto& source, const auto& scanned) {
      return row.policy.select_above(source, row.scale(), mass.key, least, scanned, row.scratch);
    });
  }
};
// [/cut]

// [sampler]
struct epsilon_greedy {  // the best token, but with this probability any of those that a cut left
  using stage = urn::sampler;
  float epsilon;

  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    urn::greedy{}(row);
    if (row.has_failed() || !row.is_cut) return;
    const std::uint64_t bits = urn::random_bits(row.context.key(), urn::lane_purpose::draw);
    if (bits >> 32 >= static_cast<std::uint64_t>(epsilon * 0x1p32F)) return;
    row.result.token = row.kept.id(urn::kernel::uniform_below(bits << 32, row.kept.size()));
  }
};
// [/sampler]

// [stop]
struct closed_brackets {  // stops behind the bracket that closes the first one
  using state = int;      // how many are open
  static state start() { return 0; }
  static urn::stop_decision update(state& open, const urn::stop_input& input) {
    for (std::size_t i = 0; i < input.text.size(); ++i) {
      open += input.text[i] == '(' ? 1 : input.text[i] == ')' ? -1 : 0;
      if (open == 0 && input.text[i] == ')')
        return {.reason = urn::stop_reason::stop, .drop = input.text.size() - i - 1};
    }
    return {};
  }
};
// [/stop]

// [backend]
template <urn::execution_policy Base>
struct first_of_the_largest : Base {  // whose max reads no further than it must
  explicit first_of_the_largest(Base base) : Base(base) {}

  template <urn::logits_row Row>
  static urn::kernel::row_max max(const Row& row, const urn::kernel::row_scan& seen) {
    std::size_t i = 0;
    if (urn::failed(seen.status)) return {0, seen.status};
    while (urn::ordered(row.at(i)) != seen.largest) ++i;
    return {urn::order_key(row.at(i), row.id(i)), seen.status};
  }
};
// [/backend]
