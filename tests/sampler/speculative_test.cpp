#include "urn/sampler/speculative.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "support/statistics.hpp"
#include "urn/urn.hpp"

namespace {

using urn::draft_token, urn::draw_key, urn::token_id, urn::token_masses;

constexpr std::size_t vocabulary = 6;
constexpr std::size_t length = 3;  ///< tokens that are looked at
constexpr double alpha = 1e-3;     ///< of each chi-square test; the seeds are fixed

/// A distribution that owns its memory.
struct stored {
  std::vector<token_id> ids;
  std::vector<std::uint64_t> masses;
  std::uint64_t total = 0;

  stored() = default;
  stored(const token_masses& p)
      : ids(p.ids.begin(), p.ids.end()), masses(p.masses.begin(), p.masses.end()), total(p.total) {}
  [[nodiscard]] token_masses view() const { return {ids, masses, total}; }
  [[nodiscard]] double p(std::size_t id) const {
    return static_cast<double>(view().of(static_cast<token_id>(id))) / static_cast<double>(total);
  }
  [[nodiscard]] token_id best() const {
    std::size_t b = 0;
    for (std::size_t i = 0; i < masses.size(); ++i) b = masses[i] > masses[b] ? i : b;
    return ids[b];
  }
};

using prefix = std::vector<token_id>;

/// A place in a table of all prefixes shorter than `length`.
std::size_t place(std::span<const token_id> past) {
  std::size_t at = 0;
  for (const token_id t : past) at = at * vocabulary + static_cast<std::size_t>(t) + 1;
  return at;
}

/// A model that looks at the last token, and a pipeline: its distribution after every short prefix.
class speaker {
 public:
  template <class Stages>
  speaker(std::uint64_t seed, float sigma, const Stages& stages) {
    rows::random_source r(seed);
    std::vector<std::vector<float>> after(vocabulary + 1);
    for (auto& row : after) row = rows::normal(vocabulary, r, sigma);
    fill({}, after, stages);
  }
  [[nodiscard]] const stored& operator()(std::span<const token_id> past) const { return table_[place(past)]; }

 private:
  template <class Stages>
  void fill(const prefix& past, const std::vector<std::vector<float>>& after, const Stages& stages) {
    urn::workspace scratch(vocabulary);
    urn::distribution_room room(vocabulary);
    const auto& row = after[past.empty() ? vocabulary : static_cast<std::size_t>(past.back())];
    table_.resize(std::max(table_.size(), place(past) + 1));
    table_[place(past)] = urn::distribution_of(urn::scalar, stages, row, {.history = past}, scratch, room);
    for (token_id t = 0; past.size() + 1 < length && t < static_cast<token_id>(vocabulary); ++t) {
      prefix longer = past;
      longer.push_back(t);
      fill(longer, after, stages);
    }
  }
  std::vector<stored> table_;
};

/// How a draft proposes: by its distribution, or its best token without a choice.
enum class proposal : std::uint8_t { drawn, certain };

/// The first `length` tokens of a text, spoken with drafts.
template <class Rule>
prefix speak(const speaker& target, const speaker& draft, proposal how, std::uint64_t text, const Rule& rule,
             std::size_t& stood) {
  prefix past;
  past.reserve(length);
  while (past.size() < length) {
    const auto step = static_cast<std::uint32_t>(past.size());
    std::array<draft_token, length> drafts;
    prefix ahead = past;
    const std::size_t n = length - past.size() - 1;
    for (std::size_t i = 0; i < n; ++i) {
      const stored& q = draft(ahead);
      const draw_key key{1, text, step + static_cast<std::uint32_t>(i)};
      drafts[i].token = how == proposal::certain
                            ? q.best()
                            : urn::draw_from(q.view(), urn::random_bits(key, urn::lane_purpose::draw));
      if (how == proposal::drawn) drafts[i].from = q.view();
      ahead.push_back(drafts[i].token);
    }
    const auto of_target = [&](std::size_t i) {
      return target(std::span(ahead).first(past.size() + i)).view();
    };
    const urn::chain_verdict v =
        urn::verify_chain(std::span(drafts).first(n), of_target, {1, text, step}, rule);
    if (step == 0 && v.accepted > 0) ++stood;
    ahead.resize(past.size() + v.accepted);
    past = ahead;
    past.push_back(v.next);
  }
  return past;
}

std::size_t cell(const prefix& text) {
  std::size_t at = 0;
  for (const token_id t : text) at = at * vocabulary + static_cast<std::size_t>(t);
  return at;
}

/// The probability of each text, token by token from the target.
std::vector<double> plain(const speaker& target) {
  std::vector<double> p(vocabulary * vocabulary * vocabulary);
  for (std::size_t c = 0; c < p.size(); ++c) {
    const prefix text{static_cast<token_id>(c / 36), static_cast<token_id>(c / 6 % 6),
                      static_cast<token_id>(c % 6)};
    p[c] = 1;
    for (std::size_t i = 0; i < length && p[c] > 0; ++i)
      p[c] *= target(std::span(text).first(i)).p(static_cast<std::size_t>(text[i]));
  }
  return p;
}

// With a sanitizer, which takes ten times as long, and in the preset scalar-only, after the default one.
#if defined(_GLIBCXX_ASSERTIONS) || !defined(__cpp_exceptions)
constexpr std::uint32_t texts = 100000;
#else
constexpr std::uint32_t texts = 1000000;
#endif

/// The texts come as often as plain sampling says, and the first draft stands as often as it can.
void expect_plain(const speaker& target, const speaker& draft, proposal how) {
  std::vector<std::uint64_t> counts(vocabulary * vocabulary * vocabulary);
  std::size_t stood = 0;
  for (std::uint32_t text = 0; text < texts; ++text)
    ++counts[cell(speak(target, draft, how, text, urn::rejection_sampling{}, stood))];
  EXPECT_GT(statistics::chi_square_test(counts, plain(target)), alpha);
  double overlap = 0;
  const stored& p = target({});
  const stored& q = draft({});
  for (std::size_t i = 0; i < vocabulary; ++i) overlap += std::fmin(p.p(i), q.p(i));
  if (how == proposal::certain) overlap = p.p(static_cast<std::size_t>(q.best()));
  const std::array<std::uint64_t, 2> stands{stood, texts - stood};
  const std::array<double, 2> expected{overlap, 1 - overlap};
  EXPECT_GT(statistics::chi_square_test(stands, expected), alpha) << overlap;
}

constexpr urn::penalties past_costs{1.2F, 0.3F, 0.2F};

TEST(rejection_sampling, whole_rows) {
  expect_plain({1, 1.0F, urn::temperature{}}, {2, 1.0F, urn::temperature{}}, proposal::drawn);
}
TEST(rejection_sampling, a_hotter_draft_of_the_same_model) {
  expect_plain({3, 1.5F, urn::temperature{.7F}}, {3, 1.5F, urn::temperature{1.3F}}, proposal::drawn);
}
TEST(rejection_sampling, min_p_on_both_sides) {
  expect_plain({4, 1.0F, urn::min_p{.2F}}, {5, 1.0F, urn::temperature{.8F} | urn::min_p{.3F}},
               proposal::drawn);
}
TEST(rejection_sampling, top_k_on_both_sides) {
  expect_plain({6, 1.0F, urn::top_k{3}}, {7, 1.0F, urn::top_k{2}}, proposal::drawn);
}
TEST(rejection_sampling, penalties_on_both_sides) {
  expect_plain({8, 1.0F, past_costs | urn::temperature{.9F}}, {9, 1.0F, past_costs | urn::top_k{4}},
               proposal::drawn);
}
TEST(rejection_sampling, penalties_of_the_target_alone) {
  expect_plain({10, 1.0F, past_costs | urn::top_p{.9F}}, {10, 1.0F, urn::temperature{}}, proposal::drawn);
}
TEST(rejection_sampling, the_best_token_of_a_draft) {
  expect_plain({11, 1.0F, urn::temperature{}}, {12, 1.0F, urn::temperature{}}, proposal::certain);
}
TEST(rejection_sampling, the_best_token_for_a_target_with_cuts) {
  expect_plain({13, 1.0F, past_costs | urn::temperature{.8F} | urn::top_k{4} | urn::min_p{.1F}},
               {13, 1.0F, urn::temperature{}}, proposal::certain);
}
TEST(rejection_sampling, a_draft_that_is_mostly_wrong) {
  expect_plain({14, 3.0F, urn::top_p{.8F}}, {15, 3.0F, urn::top_k{1}}, proposal::drawn);
}
TEST(rejection_sampling, a_target_without_a_choice) {
  expect_plain({16, 1.0F, urn::temperature{0}}, {17, 1.0F, urn::temperature{}}, proposal::drawn);
}

TEST(equality_match, speaks_the_tokens_of_plain_sampling) {
  const speaker target{20, 1.0F, past_costs | urn::top_k{4}};
  const speaker near{20, 1.0F, urn::top_k{4}};
  const speaker far{21, 1.0F, urn::top_k{4}};
  std::size_t stood_near = 0;
  std::size_t stood_far = 0;
  for (std::uint64_t text = 0; text < 20000; ++text) {
    prefix by_itself;
    for (std::uint32_t step = 0; step < length; ++step) {
      const std::uint64_t bits = urn::random_bits({1, text, step}, urn::lane_purpose::draw);
      by_itself.push_back(urn::draw_from(target(by_itself).view(), bits));
    }
    ASSERT_EQ(speak(target, near, proposal::drawn, text, urn::equality_match{}, stood_near), by_itself);
    ASSERT_EQ(speak(target, far, proposal::certain, text, urn::equality_match{}, stood_far), by_itself);
  }
  EXPECT_EQ(stood_near, 20000U);  // the same distribution, the same key
  EXPECT_GT(stood_far, 0U);
  EXPECT_LT(stood_far, 19000U);
}

TEST(typical_acceptance, compares_with_the_lesser_threshold) {
  const std::array<token_id, 4> ids{0, 1, 2, 3};
  const std::array<std::uint64_t, 4> masses{4, 2, 1, 1};
  const token_masses p{ids, masses, 8};
  EXPECT_NEAR(urn::entropy(p), 1.2130075659799042, 1e-15);
  const auto stands = [&](token_id t, float epsilon, float delta) {
    return urn::typical_acceptance{epsilon, delta}(p, {.token = t}, {}).accepted;
  };
  EXPECT_TRUE(stands(1, .2F, 9));  // 0.25
  EXPECT_FALSE(stands(1, .25F, 9));
  EXPECT_FALSE(stands(2, .2F, 9));
  EXPECT_TRUE(stands(2, .2F, .4F));  // delta * exp(-H) = 0.4 * 0.2973 = 0.119
  EXPECT_FALSE(stands(2, .2F, .43F));
  std::array<std::uint64_t, 4> counts{};
  for (std::uint32_t step = 0; step < 20000; ++step) {
    const urn::verdict v = urn::typical_acceptance{}(p, {.token = 9}, {1, 2, step});
    ASSERT_FALSE(v.accepted);
    ++counts[static_cast<std::size_t>(v.token)];
  }
  EXPECT_GT(statistics::chi_square_test(counts, std::array{.5, .25, .125, .125}), alpha);
}

// 1/3 against 2/3: half of all bits.
TEST(accepts, turns_at_an_exact_integer) {
  constexpr std::uint64_t half = 1ULL << 63;
  for (const std::uint64_t scale : {1ULL, 1000ULL, 0x123456789ABCDEFULL, 0x5000000000000001ULL}) {
    EXPECT_TRUE(urn::accepts(half - 1, scale, 3 * scale, 2, 3)) << scale;
    EXPECT_FALSE(urn::accepts(half, scale, 3 * scale, 2, 3)) << scale;
    EXPECT_TRUE(urn::accepts(half - 1, 1, 3, 2 * scale, 3 * scale)) << scale;
    EXPECT_FALSE(urn::accepts(half, 1, 3, 2 * scale, 3 * scale)) << scale;
  }
  EXPECT_TRUE(urn::accepts(~0ULL, 5, 10, 5, 10));
  EXPECT_TRUE(urn::accepts(~0ULL, 1ULL << 62, 1ULL << 63, 1, 2));
  EXPECT_FALSE(urn::accepts(~0ULL, (1ULL << 62) - 1, 1ULL << 63, 1, 2));
  EXPECT_FALSE(urn::accepts(0, 0, 10, 1, 10));
}

TEST(residual, has_as_much_mass_as_drafts_are_refused) {
  rows::random_source r(1);
  for (int i = 0; i < 2000; ++i) {
    urn::distribution_room a(64);
    urn::distribution_room b(64);
    for (token_id id = 0; id < 64; ++id) {
      a.add(id, r.below(3) == 0 ? 0 : r.bits() >> (7 + r.below(40)));
      b.add(id, r.below(3) == 0 ? 0 : r.bits() >> (7 + r.below(40)));
    }
    const draft_token p{.from = a.view()};
    const draft_token q{.from = b.view()};
    ASSERT_TRUE(urn::detail::residual_total(a.view(), q) == urn::detail::residual_total(b.view(), p));
    const token_id drawn = urn::detail::draw_residual(a.view(), q, r.bits());
    const double share = static_cast<double>(a.view().of(drawn)) / static_cast<double>(a.view().total);
    ASSERT_GT(share, static_cast<double>(b.view().of(drawn)) / static_cast<double>(b.view().total));
  }
}

TEST(verify_chain, ends_where_the_target_has_nothing) {
  const std::array<token_id, 1> id{3};
  const std::array<std::uint64_t, 1> one{1};
  const token_masses sure{id, one, 1};
  const std::array<draft_token, 3> drafts{{{3}, {3}, {4}}};
  const auto all = [&](std::size_t) { return sure; };
  urn::chain_verdict v = urn::verify_chain(std::span(drafts), all, {});
  EXPECT_EQ(v.accepted, 2U);
  EXPECT_EQ(v.next, 3);
  v = urn::verify_chain(std::span(drafts), [&](std::size_t i) { return i == 1 ? token_masses{} : sure; }, {});
  EXPECT_EQ(v.accepted, 1U);
  EXPECT_EQ(v.next, urn::no_token);
  v = urn::verify_chain({}, all, {});
  EXPECT_EQ(v.accepted, 0U);
  EXPECT_EQ(v.next, 3);
}

TEST(rejection_sampling, passes_over_a_draft_that_cannot_have_been_drawn) {
  const std::array<token_id, 2> ids{0, 1};
  const std::array<std::uint64_t, 2> masses{3, 1};
  const token_masses p{ids, masses, 4};
  std::array<std::uint64_t, 2> counts{};
  for (std::uint32_t step = 0; step < 20000; ++step) {
    const urn::verdict v = urn::rejection_sampling{}(p, {.token = 5, .from = p}, {1, 2, step});
    ASSERT_FALSE(v.accepted);
    ++counts[static_cast<std::size_t>(v.token)];
  }
  EXPECT_GT(statistics::chi_square_test(counts, std::array{.75, .25}), alpha);
}

/// The first two tokens, spoken with a tree: some children of the root, one child of each.
enum class siblings : std::uint8_t { independent, without_replacement, certain };

prefix speak_tree(const speaker& target, const speaker& draft, siblings how, std::uint64_t text,
                  urn::distribution_room& room) {
  std::array<urn::tree_draft, 6> nodes;
  std::array<stored, 3> from;
  const stored& q = draft({});
  for (std::size_t s = 0; s < 3; ++s) {
    const std::uint64_t bits =
        urn::random_bits({2, text, 0}, static_cast<urn::lane_purpose>(200), static_cast<std::uint32_t>(s));
    if (how == siblings::certain) {
      nodes[s].draft.token = static_cast<token_id>(s);
      continue;
    }
    from[s] = q;
    for (std::size_t elder = 0; how == siblings::without_replacement && elder < s; ++elder) {
      for (std::size_t i = 0; i < from[s].ids.size(); ++i) {
        if (from[s].ids[i] != nodes[elder].draft.token) continue;
        from[s].total -= from[s].masses[i];
        from[s].masses[i] = 0;
      }
    }
    nodes[s].draft = {urn::draw_from(from[s].view(), bits), from[s].view()};
  }
  for (std::size_t s = 0; s < 3; ++s) {
    const stored& below = draft(std::span(&nodes[s].draft.token, 1));
    const std::uint64_t bits =
        urn::random_bits({2, text, 1}, static_cast<urn::lane_purpose>(201), static_cast<std::uint32_t>(s));
    nodes[3 + s] = {{urn::draw_from(below.view(), bits), below.view()}, static_cast<std::int32_t>(s)};
  }
  const auto of_target = [&](std::int32_t node) {
    prefix past;
    if (node >= 3)
      past.push_back(
          nodes[static_cast<std::size_t>(nodes[static_cast<std::size_t>(node)].parent)].draft.token);
    if (node >= 0) past.push_back(nodes[static_cast<std::size_t>(node)].draft.token);
    return target(past).view();
  };
  std::array<std::uint32_t, 2> path{};
  const urn::chain_verdict v = urn::verify_tree(nodes, of_target, {2, text, 0}, room, path);
  prefix spoken;
  for (std::size_t i = 0; i < v.accepted; ++i) spoken.push_back(nodes[path[i]].draft.token);
  spoken.push_back(v.next);
  return spoken;
}

TEST(verify_tree, speaks_with_the_distribution_of_the_target) {
  const speaker target{30, 1.0F, past_costs | urn::top_p{.97F}};
  const speaker draft{31, 1.0F, urn::temperature{1.2F}};
  urn::distribution_room room(vocabulary);
  for (const siblings how : {siblings::independent, siblings::without_replacement, siblings::certain}) {
    std::vector<std::uint64_t> first(vocabulary);
    std::vector<std::uint64_t> second(vocabulary * vocabulary);
    std::vector<double> p(vocabulary);
    std::vector<double> both(vocabulary * vocabulary);
    std::vector<double> firsts(vocabulary);
    for (std::uint64_t text = 0; text < 100000; ++text) {
      const prefix spoken = speak_tree(target, draft, how, text, room);
      ++first[static_cast<std::size_t>(spoken[0])];
      if (spoken.size() < 2) continue;  // where the first one stood, the second has its own distribution
      ++second[cell({spoken[0], spoken[1]})];
      ++firsts[static_cast<std::size_t>(spoken[0])];
    }
    for (std::size_t i = 0; i < vocabulary; ++i) p[i] = target({}).p(i);
    EXPECT_GT(statistics::chi_square_test(first, p), alpha) << static_cast<int>(how);
    double stood = 0;
    for (const double n : firsts) stood += n;
    EXPECT_GT(stood, 30000);
    for (std::size_t c = 0; c < both.size(); ++c) {
      const auto a = static_cast<token_id>(c / vocabulary);
      both[c] = firsts[c / vocabulary] / stood * target(std::span(&a, 1)).p(c % vocabulary);
    }
    EXPECT_GT(statistics::chi_square_test(second, both), alpha) << static_cast<int>(how);
  }
}

TEST(verify_tree, without_branches_is_a_chain) {
  const speaker target{32, 1.0F, urn::top_k{4}};
  const speaker draft{33, 1.0F, urn::temperature{}};
  urn::distribution_room room(vocabulary);
  for (std::uint64_t text = 0; text < 5000; ++text) {
    std::array<draft_token, 2> drafts;
    std::array<urn::tree_draft, 2> nodes;
    prefix ahead;
    for (std::uint32_t i = 0; i < 2; ++i) {
      const stored& q = draft(ahead);
      drafts[i] = {urn::draw_from(q.view(), urn::random_bits({3, text, i}, urn::lane_purpose::draw)),
                   q.view()};
      nodes[i] = {drafts[i], static_cast<std::int32_t>(i) - 1};
      ahead.push_back(drafts[i].token);
    }
    const auto after = [&](std::size_t n) { return target(std::span(ahead).first(n)).view(); };
    const urn::chain_verdict chain = urn::verify_chain(std::span(drafts), after, {3, text, 0});
    std::array<std::uint32_t, 2> path{};
    const auto at_node = [&](std::int32_t node) { return after(static_cast<std::size_t>(node + 1)); };
    const urn::chain_verdict tree = urn::verify_tree(nodes, at_node, {3, text, 0}, room, path);
    ASSERT_EQ(tree.accepted, chain.accepted);
    ASSERT_EQ(tree.next, chain.next);
  }
}

TEST(match_tree, speaks_the_tokens_of_plain_sampling) {
  const speaker target{34, 1.0F, urn::temperature{2}};
  const std::array<urn::tree_draft, 4> nodes{
      {{{.token = 1}}, {{.token = 3}}, {{.token = 0}, 1}, {{.token = 3}, 1}}};
  std::array<std::size_t, 3> stood{};
  for (std::uint64_t text = 0; text < 3000; ++text) {
    prefix by_itself;
    for (std::uint32_t step = 0; step < length; ++step) {
      const std::uint64_t bits = urn::random_bits({4, text, step}, urn::lane_purpose::draw);
      by_itself.push_back(urn::draw_from(target(by_itself).view(), bits));
    }
    std::array<std::uint32_t, 2> path{};
    const auto of_target = [&](std::int32_t node) {
      prefix past;
      if (node >= 2) past.push_back(3);
      if (node >= 0) past.push_back(nodes[static_cast<std::size_t>(node)].draft.token);
      return target(past).view();
    };
    const urn::chain_verdict v = urn::match_tree(nodes, of_target, {4, text, 0}, path);
    for (std::size_t i = 0; i < v.accepted; ++i) ASSERT_EQ(nodes[path[i]].draft.token, by_itself[i]);
    ASSERT_EQ(v.next, by_itself[v.accepted]);
    ++stood[v.accepted];
  }
  for (const std::size_t n : stood) EXPECT_GT(n, 0U);
}

}  // namespace
