#pragma once
/// \file
/// synthid: a watermark that tournaments between tokens leave in a text (Dathathri et al., "Scalable
/// watermarking for identifying large language model outputs", 2024). `synthid_keys` says which tokens win
/// after a history, `synthid` makes them likelier:
///
///     const urn::synthid_keys keys({654, 400, 836, 123, 340}, {.ngram = 5});
///     const auto sampler = urn::temperature{0.8F} | urn::top_k{40} | urn::synthid{&keys} | ...

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "urn/core/exact.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/row.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/touch_list.hpp"
#include "urn/processor/stage.hpp"
#include "urn/random/mersenne_twister.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// The g-values of transformers' SynthIDTextWatermarkingConfig with the same parameters. A token's depend on
/// the keys and the last tokens of the output alone: there is no state to roll back. Safe from many threads.
class synthid_keys {
 public:
  struct parameters {
    std::size_t ngram = 5;      ///< ngram_len: so many tokens with the one to be drawn make a hash
    std::size_t table = 65536;  ///< sampling_table_size
    std::uint64_t seed = 0;     ///< sampling_table_seed
    std::size_t memory = 1024;  ///< context_history_size: contexts that do not mark a second time
    bool skips_first = false;   ///< skip_first_ngram_calls: no marks before there are ngram - 1 tokens
  };
  static constexpr std::size_t most = 64;  ///< keys, one for each round of the tournament

  synthid_keys(std::vector<std::int64_t> keys, const parameters& p)
      : keys_(std::move(keys)), p_(p), table_(p.table) {
    mersenne_twister random(static_cast<std::uint32_t>(p.seed));
    for (std::uint8_t& g : table_) g = static_cast<std::uint8_t>(random() & 1U);
  }

  [[nodiscard]] std::size_t rounds() const { return keys_.size(); }
  [[nodiscard]] bool valid() const { return keys_.size() <= most && p_.ngram > 0 && !table_.empty(); }

  /// Whether the token after this output is to be marked: not where its context has been seen before. The
  /// prompt is no part of a context, and zeros stand before the output. O(memory * ngram).
  [[nodiscard]] bool marks(std::span<const token_id> output) const {
    const std::size_t n = output.size();
    const std::size_t first = p_.skips_first ? p_.ngram - 1 : 0;
    if (n < first) return false;
    const std::uint64_t now = context(output);
    for (std::size_t back = 1; back <= p_.memory && first + back <= n; ++back) {
      if (context(output.first(n - back)) == now) return false;
    }
    return true;
  }

  /// A hash of the last ngram - 1 tokens.
  [[nodiscard]] std::uint64_t context(std::span<const token_id> output) const {
    std::uint64_t h = 1;
    for (std::size_t back = p_.ngram - 1; back > 0; --back)
      h = hash(h, back <= output.size() ? output[output.size() - back] : 0);
    return h;
  }
  /// A token's g-values after a context, that of round i as bit i.
  [[nodiscard]] std::uint64_t wins(std::uint64_t context, token_id id) const {
    const std::uint64_t h = hash(context, id);
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < keys_.size(); ++i) bits |= std::uint64_t{at(hash(h, keys_[i]))} << i;
    return bits;
  }

 private:
  static std::uint64_t hash(std::uint64_t h, std::int64_t next) {
    return (h + static_cast<std::uint64_t>(next)) * 6364136223846793005U + 1;
  }
  /// By the remainder of a number with a sign, as Python has it: 0 or more.
  [[nodiscard]] std::uint8_t at(std::uint64_t h) const {
    const auto size = static_cast<std::int64_t>(table_.size());
    const std::int64_t rest = static_cast<std::int64_t>(h) % size;
    return table_[static_cast<std::size_t>(rest < 0 ? rest + size : rest)];
  }

  std::vector<std::int64_t> keys_;
  parameters p_;
  std::vector<std::uint8_t> table_;
};

/// In each round, p becomes p (1 + g - r): g is the token's g-value, r the mass of those with g = 1 as a
/// share of all. That is l + ln of the product of its factors; a token whose product is 0 goes to -inf.
/// Where the context has been seen before nothing changes. r is a ratio of sums of integers, each token's
/// mass in row units times its factors so far, rounded down; transformers sums floats, and gives normalised
/// logprobs. Belongs behind temperature and cuts: it measures what came in. The keys are borrowed; more
/// than 64 are refused. Neutral: no keys. O(n rounds) for n tokens; each counts as an edit.
struct synthid {
  using stage = row_edit;

  const synthid_keys* keys = nullptr;

  [[nodiscard]] bool neutral() const { return keys == nullptr || keys->rounds() == 0; }
  [[nodiscard]] status check(std::size_t) const {
    return neutral() || keys->valid() ? status::ok : status::bad_argument;
  }
  template <class State>
  [[nodiscard]] kernel::gathered touched(State& row, std::span<touched_token> room) const {
    static_assert(std::same_as<std::remove_cvref_t<decltype(row.scratch)>, workspace>,
                  "urn: synthid is not on this policy: it holds tournaments in a workspace of the host");
    const std::span<const token_id> output = row.context.history.output;
    if (!keys->marks(output) || !row.weigh()) return {};
    const std::size_t n = enter(row, keys->context(output), room);
    if (n > room.size()) return {{}, status::no_space, true};
    const std::span<ranked_mass> all = row.scratch.ranked().first(n);
    std::array<double, synthid_keys::most> shares;
    for (std::size_t i = 0; i < keys->rounds(); ++i) shares[i] = play(all, i);
    for (std::size_t i = 0; i < n; ++i) room[i].value = exact::bits(gain(all[i].key, shares));
    return {room.first(n), status::ok, n > 0};
  }
  [[nodiscard]] URN_HOST_DEVICE float operator()(float logit, std::uint32_t value) const {
    return exact::add(logit, exact::float_of(value));
  }

 private:
  static bool has_won(std::uint64_t wins, std::size_t round) { return (wins >> round & 1U) != 0; }
  static double factor(std::uint64_t wins, std::size_t round, double share) {
    return exact::sub(has_won(wins, round) ? 2.0 : 1.0, share);
  }

  /// Writes each token's g-values and mass, a double from now on; and how many there are.
  template <class State>
  [[nodiscard]] std::size_t enter(State& row, std::uint64_t context, std::span<touched_token> room) const {
    const std::span<ranked_mass> all = row.scratch.ranked();
    std::size_t n = 0;
    row.visit([&](const auto& source) {
      for_each_block(source, [&](std::size_t first, std::span<const float> logits) {
        for (std::size_t i = 0; i < logits.size(); ++i) {
          if (!survives(logits[i])) continue;
          const token_id id = source.id(first + i);
          const std::uint64_t mass = kernel::mass_in_row(logits[i], row.scale(), row.mass().key);
          if (n < room.size()) room[n] = {id, 0};
          all[n++] = {keys->wins(context, id), exact::bits(static_cast<double>(mass))};
        }
      });
    });
    return n;
  }
  /// One round: the share of its winners, and everyone's mass after it.
  static double play(std::span<ranked_mass> all, std::size_t round) {
    std::uint64_t won = 0, total = 0;
    for (const ranked_mass& t : all) {
      const auto mass = static_cast<std::uint64_t>(exact::double_of(t.mass));
      total += mass;
      won += has_won(t.key, round) ? mass : 0;
    }
    const double share = exact::div(static_cast<double>(won), static_cast<double>(total));
    for (ranked_mass& t : all)
      t.mass = exact::bits(exact::mul(exact::double_of(t.mass), factor(t.key, round, share)));
    return share;
  }
  /// ln of the product of a token's factors.
  [[nodiscard]] float gain(std::uint64_t wins, std::span<const double> shares) const {
    double product = 1;
    for (std::size_t i = 0; i < keys->rounds(); ++i)
      product = exact::mul(product, factor(wins, i, shares[i]));
    return product > 1e-300 ? static_cast<float>(kernel::natural_log_of(product)) : exact::minus_infinity;
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
