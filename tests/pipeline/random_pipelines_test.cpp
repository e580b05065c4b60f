// Random rows, parameters and orders: the typed pipeline, any_pipeline and the naive pipeline draw alike.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

using rows::random_source;
using urn::token_id;

/// A custom elementwise edit.
struct soft_cap {
  using stage = urn::elementwise_edit;
  float cap;
  float operator()(float logit, token_id) const { return cap * std::tanh(logit / cap); }
};

/// A custom mask that may follow a cut.
struct ban_multiples {
  using stage = urn::elementwise_edit;
  static constexpr bool only_masks = true;
  token_id of;
  float operator()(float logit, token_id id) const { return id % of == 0 ? -naive::infinity : logit; }
};

/// A custom sparse edit: the last output tokens lose more the younger they are.
struct recency {
  using stage = urn::sparse_edit;
  float strength;
  urn::status touch(const urn::draw_context& context, urn::touch_list& touched) const {
    std::uint32_t place = 0;
    for (const token_id id : context.history.output) {
      ++place;
      if (touched.holds(id)) touched.touch(id) = place;
    }
    return urn::status::ok;
  }
  float operator()(float logit, std::uint32_t place) const {
    return logit - strength * static_cast<float>(place);
  }
};

}  // namespace

namespace naive {
void apply(row& r, const recency& edit) {
  std::map<token_id, std::uint32_t> places;
  std::uint32_t place = 0;
  for (const token_id id : r.context.history.output) {
    ++place;
    if (id >= 0 && static_cast<std::size_t>(id) < r.vocabulary()) places[id] = place;
  }
  r.edit_some(places, edit);
}
}  // namespace naive

namespace {

template <class T, std::size_t N>
T any_of(random_source& r, const std::array<T, N>& values) {
  return values[r.below(N)];
}

std::size_t random_size(random_source& r) {
  constexpr std::array<std::size_t, 8> special{1, 2, 3, 31, 1023, 1024, 1025, 2048};
  if (r.below(4) == 0) return any_of(r, special);
  return 1 + static_cast<std::size_t>(std::exp2(r.uniform() * 12.29F));  // up to about 5000
}

std::vector<float> random_row(random_source& r, std::size_t size) {
  if (r.below(12) == 0) return rows::improper[r.below(rows::improper.size())].make(size, r);
  return rows::proper[r.below(rows::proper.size())].make(size, r);
}

/// What the spans of the parameters look at, for one case.
struct random_case {
  random_source r;
  std::size_t size = 0;
  std::vector<token_id> prompt, output, ends;
  std::vector<urn::token_bias> biases;
  std::vector<std::int32_t> words;
  urn::draw_context context;

  explicit random_case(std::uint64_t seed) : r(seed) {
    size = random_size(r);
    for (std::size_t n = r.below(20); n > 0; --n) prompt.push_back(perhaps_a_token());
    for (std::size_t n = r.below(20); n > 0; --n) output.push_back(perhaps_a_token());
    for (std::size_t n = r.below(4); n > 0; --n) ends.push_back(token());
    for (std::size_t n = r.below(10); n > 0; --n) biases.push_back({token(), bias()});
    const std::size_t all_words = (size + 31) / 32;
    words.resize(r.below(3) == 0 ? r.below(all_words + 1) : all_words);
    for (std::int32_t& w : words) w = static_cast<std::int32_t>(r.bits() | r.bits());
    context = {.history = {prompt, output},
               .seed = r.bits(),
               .sequence = r.bits(),
               .step = static_cast<std::uint32_t>(r.bits())};
  }

  token_id token() { return static_cast<token_id>(r.below(size)); }
  /// Now and then a placeholder, or a token of a larger vocabulary.
  token_id perhaps_a_token() {
    return r.below(8) == 0 ? static_cast<token_id>(r.below(2 * size)) - 1 : token();
  }
  float bias() {
    return any_of(r, std::array{1.5F, -2.25F, 0.0F, 100.0F, -100.0F, r.normal(3), -naive::infinity,
                                r.below(8) == 0 ? naive::infinity : 1.0F});
  }

  urn::bitmask bitmask() { return r.below(3) == 0 ? urn::bitmask{} : urn::bitmask{words}; }
  urn::min_tokens min_tokens() { return {r.below(25), ends}; }
  urn::logit_bias logit_bias() { return r.below(3) == 0 ? urn::logit_bias{} : urn::logit_bias{biases}; }
  urn::penalties penalties() {
    return {any_of(r, std::array{1.0F, 1.0F, 1.3F, 0.7F}), any_of(r, std::array{0.0F, 0.4F, -0.7F}),
            any_of(r, std::array{0.0F, 0.9F, -0.3F}),
            any_of(r, std::array{urn::whole_history, urn::whole_history, std::size_t{0}, std::size_t{5},
                                 std::size_t{25}})};
  }
  urn::temperature temperature() {
    return {any_of(r, std::array{1.0F, 0.7F, 0.7F, 1.5F, 0.1F, 100.0F, 0.0F, 1e-6F, 1e-5F, 1e-3F, 1e30F,
                                 0.2F + r.uniform()})};
  }
  urn::top_k top_k() {
    const auto v = static_cast<std::int32_t>(size);
    return {any_of(r, std::array{0, -1, 1, 2, 5, 40, 40, v - 1, v, v + 1, token() + 1})};
  }
  urn::top_p top_p() {
    return {
        any_of(r, std::array{1.0F, 2.0F, 0.9F, 0.95F, 0.5F, 0.99999994F, 0.0F, -1.0F, 1e-30F, r.uniform()})};
  }
  urn::min_p min_p() {
    return {any_of(r, std::array{0.0F, -1.0F, 0.05F, 0.2F, 1.0F, 2.0F, 1e-9F, 1e-30F, r.uniform() * 0.1F})};
  }
  soft_cap cap() { return {any_of(r, std::array{30.0F, 5.0F, 1.0F})}; }
  ban_multiples ban() { return {2 + static_cast<token_id>(r.below(5))}; }
  recency recent() { return {r.normal(0.2F)}; }
};

/// Equal but for the reports' roundings: theirs is rounded from double, ours from long double.
bool agree(float a, float b, float absolute, float relative) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b || std::fabs(a - b) <= absolute + relative * std::fabs(b);
}
bool agree(const urn::draw& a, const urn::draw& b) {
  return a.token == b.token && a.status == b.status && a.kept == b.kept && a.mass == b.mass &&
         a.rank == b.rank && agree(a.logprob, b.logprob, 1e-12F, 1.2e-7F) &&
         agree(a.raw_logprob, b.raw_logprob, 5e-7F, 2e-7F);
}

/// What a run over many cases met, so that a test knows that it tested something.
struct tally {
  std::size_t cases = 0, tokens = 0, cut_to_some = 0, failed = 0;
  void count(const urn::draw& d, std::size_t size) {
    ++cases;
    if (d.token != urn::no_token) ++tokens;
    if (d.kept > 1 && d.kept < size) ++cut_to_some;
    if (urn::failed(d.status)) ++failed;
  }
};

template <class T>
std::vector<T> stored_as(const std::vector<float>& logits) {
  std::vector<T> stored;
  for (const float l : logits) {
    if constexpr (std::is_same_v<T, float>) {
      stored.push_back(l);
    } else if constexpr (std::is_same_v<T, urn::bfloat16>) {
      stored.push_back(urn::to_bfloat16(l));
    } else {
      stored.push_back(urn::to_float16(l));
    }
  }
  return stored;
}
template <class T>
std::vector<float> as_floats(const std::vector<T>& stored) {
  std::vector<float> logits;
  for (const T l : stored) logits.push_back(urn::to_float(l));
  return logits;
}

struct machines {
  urn::workspace typed{6000};
  urn::workspace any{6000};  // kept apart, so that neither mends what the other broke
  tally met;

  template <class T, class Typed>
  void compare(random_case& c, const Typed& typed_pipeline, const urn::any_pipeline<>& any_pipeline,
               const naive::pipeline& naive_pipeline) {
    const std::vector<T> logits = stored_as<T>(random_row(c.r, c.size));
    const urn::draw expected = naive_pipeline(as_floats(logits), c.context);
    const urn::draw by_type = typed_pipeline(urn::scalar, logits, c.context, typed);
    const urn::draw by_value = any_pipeline(logits, c.context, any);
    EXPECT_TRUE(look::same(by_type, by_value)) << look::text(by_type) << "\n" << look::text(by_value);
    EXPECT_TRUE(agree(by_type, expected))
        << "urn:   " << look::text(by_type) << "\nnaive: " << look::text(expected);
    met.count(by_type, c.size);
  }
};

/// The stages as all three kinds of pipeline, over floats.
template <class... Stages>
void compare(machines& m, random_case& c, const Stages&... stages) {
  urn::any_pipeline any;
  naive::pipeline naive;
  const bool appended = ((any.append(stages) == urn::misplaced::no) && ...);
  ASSERT_TRUE(appended);
  (naive.append(stages), ...);
  m.compare<float>(c, (... | stages), any, naive);
}

/// The same over any of the three types.
template <class... Stages>
void compare_types(machines& m, random_case& c, const Stages&... stages) {
  const std::size_t type = c.r.below(3);
  if (type == 0) return compare(m, c, stages...);
  const auto typed = (... | stages);
  urn::any_pipeline any;
  naive::pipeline naive;
  ASSERT_EQ(any.append(typed), urn::misplaced::no);
  (naive.append(stages), ...);
  if (type == 1) return m.compare<urn::bfloat16>(c, typed, any, naive);
  return m.compare<urn::float16>(c, typed, any, naive);
}

constexpr urn::categorical draw{};
constexpr urn::logprobs report{};
constexpr std::uint64_t cases_each = 1100;

/// Many cases of one order; `make` gets the stages' parameters from the case.
template <class Make>
void many(Make&& make) {
  machines m;
  for (std::uint64_t seed = 0; seed < cases_each && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_case c(seed);
    make(m, c);
  }
  if (testing::Test::HasFailure()) return;
  EXPECT_EQ(m.met.cases, cases_each);
  EXPECT_GT(m.met.tokens, cases_each / 2);
  EXPECT_GT(m.met.failed, cases_each / 200);
  EXPECT_LT(m.met.failed, cases_each / 3);
}

TEST(random_pipelines, in_the_order_of_sampling_params) {
  many([](machines& m, random_case& c) {
    compare(m, c, c.bitmask(), c.min_tokens(), c.logit_bias(), c.penalties(), c.temperature(), c.top_k(),
            c.top_p(), c.min_p(), draw, report);
  });
}
TEST(random_pipelines, without_a_cut) {
  many([](machines& m, random_case& c) {
    compare_types(m, c, c.logit_bias(), c.bitmask(), c.temperature(), draw, report);
  });
}
TEST(random_pipelines, cuts_alone) {
  many([](machines& m, random_case& c) {
    compare_types(m, c, c.min_p(), c.top_p(), c.top_k(), draw, report);
  });
}
TEST(random_pipelines, temperature_last) {
  many([](machines& m, random_case& c) {
    compare(m, c, c.logit_bias(), c.penalties(), c.top_k(), c.top_p(), c.min_p(), c.temperature(), draw);
  });
}
TEST(random_pipelines, edits_and_masks_after_temperatures) {
  many([](machines& m, random_case& c) {
    compare(m, c, c.temperature(), c.bitmask(), c.temperature(), c.min_tokens(), c.penalties(), c.top_p(),
            draw);
  });
}
TEST(random_pipelines, edits_after_cuts) {
  many([](machines& m, random_case& c) {
    compare_types(m, c, c.top_p(), c.temperature(), c.penalties(), c.min_p(), c.recent(), c.temperature(),
                  draw, report);
  });
}
TEST(random_pipelines, masks_after_cuts) {
  many([](machines& m, random_case& c) {
    compare(m, c, c.temperature(), c.top_k(), c.ban(), c.cap(), c.min_p(), draw);
  });
}
TEST(random_pipelines, custom_edits_before_cuts) {
  many([](machines& m, random_case& c) {
    compare(m, c, c.temperature(), c.cap(), c.recent(), c.ban(), c.temperature(), c.top_k(), draw, report);
  });
}
TEST(random_pipelines, greedy) {
  many([](machines& m, random_case& c) {
    compare_types(m, c, c.logit_bias(), c.penalties(), c.temperature(), c.top_p(), urn::greedy{}, report);
  });
}
TEST(random_pipelines, nested) {
  machines m;
  for (std::uint64_t seed = 0; seed < cases_each && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_case c(seed);
    const auto bias = c.logit_bias();
    const auto mask = c.bitmask();
    const auto past = c.penalties();
    const auto heat = c.temperature();
    const auto k = c.top_k();
    const auto p = c.top_p();
    const auto edits = mask | (bias | past);
    const auto cuts = heat | (k | p);
    urn::any_pipeline any;
    EXPECT_EQ(any.append(edits), urn::misplaced::no);
    EXPECT_EQ(any.append(cuts | (draw | report)), urn::misplaced::no);
    naive::pipeline naive;
    naive.append(mask).append(bias).append(past).append(heat).append(k).append(p).append(draw).append(report);
    m.compare<float>(c, edits | (cuts | (draw | report)), any, naive);
  }
}

/// One of the stages that may stand where a row is still whole (or not), at random.
void append_any(random_case& c, urn::any_pipeline<>& any, naive::pipeline& naive, bool& cut) {
  const auto append = [&](auto stage) {
    ASSERT_EQ(any.append(stage), urn::misplaced::no);
    naive.append(stage);
    cut = cut || urn::stage_is<decltype(stage), urn::cut>;
  };
  switch (c.r.below(cut ? 8 : 11)) {
    case 0: return append(c.temperature());
    case 1: return append(c.penalties());
    case 2: return append(c.top_k());
    case 3: return append(c.top_p());
    case 4: return append(c.min_p());
    case 5: return append(c.cap());
    case 6: return append(c.ban());
    case 7: return append(c.recent());
    case 8: return append(c.bitmask());
    case 9: return append(c.min_tokens());
    default: return append(c.logit_bias());
  }
}

TEST(random_pipelines, in_any_order) {
  urn::workspace scratch(6000, 1000);
  tally met;
  for (std::uint64_t seed = 0; seed < 10000 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_case c(seed);
    urn::any_pipeline any;
    naive::pipeline naive;
    bool cut = false;
    for (std::size_t n = c.r.below(9); n > 0; --n) append_any(c, any, naive, cut);
    if (c.r.below(8) == 0) {
      ASSERT_EQ(any.append(urn::greedy{}), urn::misplaced::no);
      naive.append(urn::greedy{});
    } else {
      ASSERT_EQ(any.append(draw), urn::misplaced::no);
      naive.append(draw);
    }
    const auto run = [&]<class T>(T) {
      const std::vector<T> logits = stored_as<T>(random_row(c.r, c.size));
      return std::pair{any(logits, c.context, scratch), naive(as_floats(logits), c.context)};
    };
    const std::size_t type = c.r.below(3);
    const auto [got, expected] = type == 0   ? run(0.0F)
                                 : type == 1 ? run(urn::bfloat16{})
                                             : run(urn::float16{});
    EXPECT_TRUE(agree(got, expected)) << "urn:   " << look::text(got) << "\nnaive: " << look::text(expected);
    met.count(got, c.size);
  }
  EXPECT_GT(met.tokens, 7000U);
  EXPECT_GT(met.cut_to_some, 1000U);
  EXPECT_GT(met.failed, 200U);
}

}  // namespace
