#pragma once
/// \file
/// A row while algorithms read it: iterators that compute what each token comes to.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "urn/core/float_environment.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/row.hpp"
#include "urn/core/token.hpp"
#include "urn/kernel/thrust/logits.hpp"
#include "urn/kernel/thrust/system.hpp"
#include "urn/kernel/thrust/temporary.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn::kernel::by_thrust {

/// f(x). A worker thread's float environment is not its caller's.
template <class F>
struct exactly {
  F f;

  template <class X>
  URN_HOST_DEVICE auto operator()(const X& x) const {
    const float_environment environment;
    return f(x);
  }
};
template <class Iterator, class F>
auto each_of(Iterator first, F f) {
  return thrust::make_transform_iterator(first, exactly<F>{f});
}

/// A token at its place among the lent ones.
struct placed_token {
  std::uint32_t place;
  token_id id;
  float logit;
};

/// f(token) of the token at a place.
template <class F>
struct at_place {
  const float* logits;
  token_id first;
  F f;

  URN_HOST_DEVICE auto operator()(std::uint32_t place) const {
    return f(placed_token{place, first + static_cast<token_id>(place), logits[place]});
  }
};

/// Logits of consecutive tokens as floats that the policy's system can read as long as this lives. Any row
/// but one of floats is computed into memory of its own: so the algorithms are the same for all rows, and a
/// pipeline compiles in a fraction of the time that an instance for each of its rows would take.
template <thrust_execution Exec>
class lent_row {
 public:
  template <logits_row Row>
  lent_row(const Exec& exec, const Row& row) : lent_row(exec, row, 0, row.size()) {}
  /// The tokens at positions [first, first + count), count > 0.
  template <logits_row Row>
  lent_row(const Exec& exec, const Row& row, std::size_t first, std::size_t count)
      : exec_(exec), size_(static_cast<std::ptrdiff_t>(count)), first_(row.id(first)) {
    fill(lend(exec, row, tokens_), static_cast<std::uint32_t>(first));
  }

  [[nodiscard]] const Exec& exec() const { return exec_; }
  [[nodiscard]] std::ptrdiff_t size() const { return size_; }
  /// An iterator over f(token) of each token, from the first.
  template <class F>
  [[nodiscard]] auto each(F f) const {
    return each_of(thrust::counting_iterator<std::uint32_t>(0), at_place<F>{logits_, first_, f});
  }

 private:
  void fill(const stored_logits<float>& logits, std::uint32_t first) { logits_ = logits.data + first; }
  template <class Logits>
  void fill(const Logits& logits, std::uint32_t first) {
    const thrust::counting_iterator<std::uint32_t> place(first);
    computed_.emplace(exec_, static_cast<std::size_t>(size_));
    logits_ = computed_->begin();
    thrust::transform(exec_, place, place + size_, computed_->begin(), exactly<Logits>{logits});
  }

  Exec exec_;
  std::ptrdiff_t size_;
  token_id first_;
  const float* logits_ = nullptr;
  lent_tokens<Exec> tokens_;
  std::optional<temporary<float, Exec>> computed_;
};

}  // namespace urn::kernel::by_thrust
URN_EITHER_SIDE_END
