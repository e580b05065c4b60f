#pragma once
/// \file
/// infill: for text that fills a gap, where it matters to end in time (llama.cpp's infill sampler, 2024).

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/scalar/mass.hpp"
#include "urn/kernel/scalar/select.hpp"
#include "urn/processor/stage.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// For the few tokens that top_k and top_p leave (llama.cpp's, on exact masses). Of n candidates:
///
///     1. where 3 n p(ends) > p(others), only the ends stay
///     2. a token whose text begins another's and the other become one: the likelier, with the mass of both
///     3. others with p < 0.2 go; where none is left, ends[0] stays alone, candidate or not
///     4. of m others left those with p < 1 / (m + 1) of what is left go; ends stay
///
/// Those that stay keep their own logits. `pieces` has the text of each token (one past it has none), `ends`
/// the tokens that end a text; both are borrowed. More than 1,024 candidates: no_space. No ends: changes
/// nothing. O(n^2) comparisons of texts.
struct infill {
  using stage = cut;
  static constexpr std::size_t most = 1024;

  std::span<const std::string_view> pieces;
  std::span<const token_id> ends;

  [[nodiscard]] constexpr bool neutral() const { return ends.empty(); }
  template <class Checker>
  [[nodiscard]] constexpr status check(std::size_t vocabulary, const Checker& checker) const {
    return check_ids(ends, vocabulary, checker);
  }
  template <class State>
  void operator()(State& row) const {
    static_assert(std::same_as<std::remove_cvref_t<decltype(row.scratch)>, workspace>,
                  "urn: infill is not on this policy: it sorts candidates in a workspace of the host");
    if (!row.measure()) return;
    const std::span<ranked_mass> all = candidates(row);
    if (all.size() > most) row.result.status |= status::no_space;
    row.keep([&](const auto&, const auto&) { return kernel::selection{kept(all, row.room())}; });
  }

 private:
  [[nodiscard]] bool is_end(const ranked_mass& t) const {
    return std::find(ends.begin(), ends.end(), id_of(t.key)) != ends.end();
  }
  /// An end counts as having no text.
  [[nodiscard]] std::string_view piece(const ranked_mass& t) const {
    const auto id = static_cast<std::size_t>(id_of(t.key));
    return id < pieces.size() && !is_end(t) ? pieces[id] : std::string_view{};
  }

  /// The best first, weighed; one too many where there are too many.
  template <class State>
  static std::span<ranked_mass> candidates(State& row) {
    const kernel::row_scan scanned = row.scan();
    const std::size_t n = std::min(row.size(), most + 1);
    const auto best =
        row.visit([&](const auto& source) { return row.policy.top_n(source, n, scanned, row.scratch); });
    const std::span<ranked_mass> all = row.scratch.ranked().first(best.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i] = {best[i].key, kernel::mass_in_row(logit_of(best[i].key), row.scale(), row.mass().key)};
    }
    return all;
  }

  struct sums {
    std::uint64_t ends = 0, others = 0;
    std::size_t count = 0;  ///< of the others
  };
  /// Of the ends, and of the others that weigh at least so much.
  [[nodiscard]] sums weigh(std::span<const ranked_mass> all, std::uint64_t least) const {
    sums sum;
    for (const ranked_mass& t : all) {
      if (is_end(t)) {
        sum.ends += t.mass;
      } else if (t.mass >= least) {
        sum.others += t.mass;
        ++sum.count;
      }
    }
    return sum;
  }

  /// A token that has become part of another weighs nothing.
  void merge(std::span<ranked_mass> all) const {
    for (ranked_mass& a : all) {
      const std::string_view beginning = piece(a);
      if (beginning.empty()) continue;
      for (ranked_mass& b : all) {
        if (a.mass == 0) break;
        if (&a == &b || b.mass == 0 || !piece(b).starts_with(beginning)) continue;
        ranked_mass& likelier = b.mass > a.mass ? b : a;
        likelier.mass = a.mass + b.mass;
        (&likelier == &a ? b : a).mass = 0;
      }
    }
  }

  [[nodiscard]] candidate_list kept(std::span<ranked_mass> all, candidate_list room) const {
    const sums came = weigh(all, 0);
    if (came.ends > came.others / (3 * all.size())) return keep(all, ~std::uint64_t{0}, room);
    merge(all);
    const std::uint64_t fifth = kernel::ceil_share(came.ends + came.others, static_cast<double>(0.2F));
    const sums heavy = weigh(all, fifth);
    if (heavy.count == 0) return the_end(room);
    const std::uint64_t fair = kernel::ceil_ratio(heavy.ends + heavy.others, 1, heavy.count + 1);
    return keep(all, std::max(fifth, fair), room);
  }
  /// The ends, and the others that weigh at least so much.
  [[nodiscard]] candidate_list keep(std::span<ranked_mass> all, std::uint64_t least,
                                    candidate_list room) const {
    const auto goes = [&](const ranked_mass& t) { return t.mass < least && !is_end(t); };
    const auto end = std::remove_if(all.begin(), all.end(), goes);
    std::sort(all.begin(), end, [](const auto& a, const auto& b) { return id_of(a.key) < id_of(b.key); });
    room = room.first(static_cast<std::size_t>(end - all.begin()));
    for (std::size_t i = 0; i < room.size(); ++i) {
      room.ids[i] = id_of(all[i].key);
      room.logits[i] = logit_of(all[i].key);
    }
    return room;
  }
  [[nodiscard]] candidate_list the_end(candidate_list room) const {
    room.ids[0] = ends[0];
    room.logits[0] = 0.0F;
    return room.first(1);
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
