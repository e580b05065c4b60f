// Cases of the proof's corpus by every pipeline of urn::dispatch that this machine can run, against the
// scalar pipeline; dispatch_draws [<instruction set>]: and whether that one is chosen.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <vector>

#include "../proof/corpus.hpp"
#include "../proof/digest.hpp"
#include "../proof/rows.hpp"
#include "urn/adapt/dispatch.hpp"
#include "urn/urn.hpp"

namespace {

using proof::corpus;
using proof::digest;
using urn::instruction_set;

/// What a case draws with, if its pipeline is one of those that have these stages in this order.
urn::dispatched sampler_of(const proof::sample_case& c) {
  urn::dispatched d{.logprobs = {.raw = true}};
  const auto has = [&](auto... pipelines) { return ((c.pipeline == pipelines) || ...); };
  if (has(3U, 8U)) d.bitmask = {c.allowed};
  if (has(8U)) d.min_tokens = {c.min_tokens, c.ends}, d.logit_bias = {c.biases}, d.penalties = c.past;
  d.temperature = c.heat;
  if (has(4U, 7U, 8U)) d.top_k = c.k;
  if (has(5U, 7U, 8U)) d.top_p = c.p;
  if (has(6U, 7U, 8U)) d.min_p = c.least;
  return d;
}
bool is_dispatched(std::size_t pipeline) { return pipeline >= 2 && pipeline <= 8; }

/// The same by the scalar kernels, which the proof knows.
void scalar(const urn::dispatched& d, const urn::dispatched_row& row, const urn::draw_context& context,
            urn::workspace& scratch, urn::draw& out) {
  const auto pipeline = d.bitmask | d.min_tokens | d.logit_bias | d.penalties | d.temperature | d.top_k |
                        d.top_p | d.min_p | urn::categorical{} | d.logprobs;
  out = urn::draw_row(urn::scalar, pipeline, row, context, scratch);
}

template <class T>
void draw(proof::sample_case& c, std::uint64_t number, urn::detail::dispatched_draw* by, digest& all) {
  std::vector<T> row(c.size);
  proof::row_maker<T>(row, c.r)();
  std::vector<urn::token_logprob> best(c.best), raw_best(c.raw_best);
  const urn::draw_context context{{c.prompt, c.output}, c.seed, c.sequence, c.step, best, raw_best};
  urn::workspace scratch(c.size, 5 * c.size + 1000);
  urn::draw d;
  by(sampler_of(c), urn::row_view<T>(row), context, scratch, d);
  all.add(number, d, best, raw_best);
}

/// The first cases of a corpus, those of them that are dispatched.
void draw(corpus of, std::uint64_t count, urn::detail::dispatched_draw* by, digest& all) {
  for (std::uint64_t number = 0; number < count; ++number) {
    proof::sample_case c(of, number);
    if (!is_dispatched(c.pipeline)) continue;
    if (c.element == 0) draw<float>(c, number, by, all);
    if (c.element == 1) draw<urn::bfloat16>(c, number, by, all);
    if (c.element == 2) draw<urn::float16>(c, number, by, all);
  }
}
digest digest_of(urn::detail::dispatched_draw* by) {
  digest all;
  draw(corpus::many, 2000, by, all);
  draw(corpus::longer, 4, by, all);
  return all;
}

/// As a user calls it: what the typed pipeline draws, and a parameter refused.
bool draws_as_typed() {
  std::vector<float> logits(5000);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>((i * 7919) % 1009) * 0.02F;
  urn::workspace scratch(logits.size());
  const urn::dispatched sampler{.temperature = {0.8F}, .top_p = {0.95F}};
  const auto typed =
      urn::temperature{0.8F} | urn::top_p{0.95F} | urn::categorical{} | urn::logprobs{.raw = false};
  bool good = true;
  for (std::uint32_t step = 0; step < 50; ++step) {
    const urn::draw_context context{.seed = 42, .step = step};
    const urn::draw a = sampler(logits, context, scratch);
    const urn::draw b = typed(urn::scalar, logits, context, scratch);
    good &= a.token >= 0 && digest::mix_of(step, a, {}, {}) == digest::mix_of(step, b, {}, {});
  }
  good &= urn::dispatched{.temperature = {-1.0F}}(logits, {}, scratch).status == urn::status::bad_argument;
  if (!good) std::puts("DIFFERENT: urn::dispatched and the typed pipeline");
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  const instruction_set chosen = urn::dispatched_instruction_set();
  std::printf("chosen: %s\n", name_of(chosen));
  const digest expected = digest_of(&scalar);
  bool good = argc < 2 || std::strcmp(argv[1], name_of(chosen)) == 0;
  if (!good) std::printf("DIFFERENT: it must be %s\n", argv[1]);
  for (unsigned set = 0; set <= static_cast<unsigned>(chosen); ++set) {
    urn::detail::dispatched_draw* const by =
        urn::detail::dispatched_draw_for(static_cast<instruction_set>(set));
    const digest got = digest_of(by);
    const bool same = got.sum == expected.sum && got.cases == expected.cases && got.cases > 500;
    std::printf("%s: %llu draws, digest %016llx, scalar's %016llx%s\n",
                name_of(static_cast<instruction_set>(set)), static_cast<unsigned long long>(got.cases),
                static_cast<unsigned long long>(got.sum), static_cast<unsigned long long>(expected.sum),
                same ? "" : ": DIFFERENT");
    good &= same;
  }
  good &= draws_as_typed();
  good &= urn::detail::best_dispatched_draw() == urn::detail::dispatched_draw_for(chosen);
  return good ? 0 : 1;
}
