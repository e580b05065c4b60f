#pragma once
/// \file
/// What the check of comments must see, and what it must leave alone.

#include <concepts>
#include <vector>

namespace urn {

class announced;

int bare(int x);

/// Has a comment.
template <class T>
  requires std::integral<T>
struct told {
  using stage = int;  // as a concept asks

  /// Of a group, whose second one needs none.
  int first() const;
  int second() const {
    const int x = 0;

    return x;
  }

  void unsaid();

  int data = 0;
  friend bool operator==(const told&, const told&) = default;

 private:
  void hidden();
};

/// Says said_here.
struct teller {
  void said_here();
};
using alone = std::vector<int>;

using left_alone = std::vector<int>;
inline constexpr int noted = 1;  ///< so it is

namespace detail {

void inner();

}  // namespace detail

}  // namespace urn
