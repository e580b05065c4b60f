// urn-proof: draws every case of the corpus and reduces all that comes out to one number. It must be the same
// for every compiler, flag, machine, policy, order of cases, number of threads and number of shards.

#include <algorithm>
#include <array>
#include <atomic>
#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <span>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "corpus.hpp"
#include "digest.hpp"
#include "machine.hpp"
#include "pipelines.hpp"
#include "rows.hpp"
#include "sharded.hpp"
#include "urn/urn.hpp"
#ifdef URN_PROOF_SIMD
#include "urn/kernel/simd/policy.hpp"
#endif
#ifdef URN_PROOF_THRUST
#include "thrust.hpp"
#endif

namespace {

using proof::corpus;
using proof::digest;

constexpr bool has_second_part = proof::built_pipelines > proof::pipelines;

struct options {
  std::uint64_t many = 20'000, longer = 20, first = 0, shuffle = 0;
  std::uint64_t more = has_second_part ? 5'000 : 0, longer_more = has_second_part ? 10 : 0;
  std::size_t threads = 1, shards = 1;
  std::string_view policy = "scalar";
  bool check = false, print = false;
};

constexpr const char* usage =
    "usage: urn-proof [--many N] [--long N] [--more N] [--long-more N] [--threads T] [--shuffle SEED] "
    "[--shards S]\n"
    "                 [--policy scalar|simd|thrust] [--check] [--print [--first CASE]]\n"
    "Draws the first N cases of each corpus and prints a digest of the draws. --check: exit code 1 if it is "
    "not\n"
    "the one that the repository has for this N. --print: a line for each case, from CASE on.\n";

constexpr const char* name_of(corpus of) {
  constexpr const char* names[] = {"many", "long", "more", "long-more"};
  return names[static_cast<std::size_t>(of)];
}

/// What a case gave, to find the first that differs between two builds.
void print(corpus of, std::uint64_t number, const proof::sample_case& c, const urn::draw& d,
           std::span<const urn::token_logprob> best, std::span<const urn::token_logprob> raw_best) {
  std::printf("%s %" PRIu64 " V %zu type %zu pipeline %zu: token %d status %u logprob %08" PRIx64
              " raw %08" PRIx64 " rank %u kept %u mass %" PRIx64,
              name_of(of), number, c.size, c.element, c.pipeline, d.token, static_cast<unsigned>(d.status),
              digest::word(d.logprob), digest::word(d.raw_logprob), d.rank, d.kept, d.mass);
  for (const auto list : {best, raw_best}) {
    std::printf(" |");
    for (const auto& entry : list) std::printf(" %d:%08" PRIx64, entry.token, digest::word(entry.logprob));
  }
  std::printf("\n");
}

/// One thread's share of the cases.
template <class Policy>
class worker {
 public:
  worker(corpus of, const Policy& policy, bool prints)
      : of_(of), policy_(policy), prints_(prints), scratch_(proof::largest_row(of)) {}

  void draw(std::uint64_t number) {
    proof::sample_case c(of_, number);
    switch (c.element) {
      case 0: return draw(number, c, floats_);
      case 1: return draw(number, c, bfloats_);
      default: return draw(number, c, halves_);
    }
  }
  [[nodiscard]] const digest& result() const { return result_; }

 private:
  template <class T>
  void draw(std::uint64_t number, proof::sample_case& c, std::vector<T>& row) {
    row.resize(c.size);
    proof::row_maker<T>(row, c.r)();
    const auto best = std::span(best_).first(c.best);
    const auto raw_best = std::span(raw_best_).first(c.raw_best);
    const urn::draw_context context{{c.prompt, c.output}, c.seed, c.sequence, c.step, best, raw_best};
    std::fill(best.begin(), best.end(), urn::token_logprob{});  // a row that fails early leaves them alone
    std::fill(raw_best.begin(), raw_best.end(), urn::token_logprob{});
    const urn::draw d = proof::draw_by_pipeline<Policy, T>(policy_, c, row, context, scratch_);
    result_.add(number, d, best, raw_best);
    if (prints_) print(of_, number, c, d, best, raw_best);
  }

  corpus of_;
  Policy policy_;
  bool prints_;
  urn::workspace scratch_;
  std::vector<float> floats_;
  std::vector<urn::bfloat16> bfloats_;
  std::vector<urn::float16> halves_;
  std::array<urn::token_logprob, 8> best_{}, raw_best_{};
  digest result_;
};

/// The case numbers, shuffled if so wished.
std::vector<std::uint64_t> order_of(std::uint64_t count, const options& o) {
  std::vector<std::uint64_t> order(count > o.first ? count - o.first : 0);
  std::iota(order.begin(), order.end(), o.first);
  proof::words r(o.shuffle);
  for (std::size_t i = order.size(); o.shuffle != 0 && i > 1; --i) std::swap(order[i - 1], order[r.below(i)]);
  return order;
}

/// Draws the first `count` cases: threads take batches of them as they get done.
template <class Policy>
digest draw_all(corpus of, std::uint64_t count, const Policy& policy, const options& o) {
  const std::vector<std::uint64_t> order = order_of(count, o);
  const std::size_t batch = proof::is_long(of) ? 1 : 64;
  std::atomic<std::size_t> taken = 0;
  std::vector<digest> results(o.threads);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < o.threads; ++t) {
    threads.emplace_back([&, t] {
      worker<Policy> mine(of, policy, o.print);
      for (std::size_t i = taken.fetch_add(batch); i < order.size(); i = taken.fetch_add(batch)) {
        for (std::size_t j = i; j < std::min(i + batch, order.size()); ++j) mine.draw(order[j]);
      }
      results[t] = mine.result();
    });
  }
  digest all;
  for (std::size_t t = 0; t < o.threads; ++t) {
    threads[t].join();
    all.add(results[t]);
  }
  return all;
}

/// True if the repository knows this digest, or none of so many cases.
bool report(corpus of, const digest& got, bool check) {
  std::printf("%s: %" PRIu64 " cases, digest %016" PRIx64 "\n", name_of(of), got.cases, got.sum);
  if (!check || got.cases == 0) return true;
  for (const proof::known_digest& known : proof::known_digests) {
    if (known.of != of || known.cases != got.cases) continue;
    if (known.sum != got.sum) std::printf("DIFFERENT: the digest must be %016" PRIx64 "\n", known.sum);
    return known.sum == got.sum;
  }
  std::printf("tests/proof/digest.hpp has no digest of the first %" PRIu64 " cases\n", got.cases);
  return false;
}

template <class Policy>
bool draw_and_report(const Policy& policy, const options& o) {
  bool good = true;
  const auto draw = [&](corpus of, std::uint64_t count) {
    good &= report(of, draw_all(of, count, policy, o), o.check);
  };
  draw(corpus::many, o.many), draw(corpus::longer, o.longer);
  draw(corpus::more, o.more), draw(corpus::longer_more, o.longer_more);
  return good;
}

/// False if the words make no sense.
bool read(int argc, char** argv, options& o) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--check") {
      o.check = true;
    } else if (name == "--print") {
      o.print = true;
    } else if (i + 1 == argc) {
      return false;
    } else if (name == "--policy") {
      o.policy = argv[++i];
    } else {
      char* end = nullptr;
      const std::uint64_t value = std::strtoull(argv[++i], &end, 10);
      if (*end != '\0') return false;
      if (name == "--many")
        o.many = value;
      else if (name == "--long")
        o.longer = value;
      else if (name == "--more")
        o.more = value;
      else if (name == "--long-more")
        o.longer_more = value;
      else if (name == "--first")
        o.first = value;
      else if (name == "--shuffle")
        o.shuffle = value;
      else if (name == "--threads" && value > 0)
        o.threads = value;
      else if (name == "--shards" && value > 0)
        o.shards = value;
      else
        return false;
    }
  }
  return true;
}

/// False if cases were asked for whose pipelines this build does not have.
bool can_draw(const options& o) {
  if (has_second_part || o.more + o.longer_more == 0) return true;
  std::fputs("urn-proof: this build has no second part: compile it without -DURN_PROOF_FIRST_PART\n", stderr);
  return false;
}

/// Not inlined: where an instruction set is missing, main must end before the first of its instructions.
__attribute__((noinline)) int run(int argc, char** argv) {
  options o;
  if (!read(argc, argv, o)) {
    std::fputs(usage, stderr);
    return 2;
  }
  if (!can_draw(o)) return 2;
    // One policy for each build: the pipelines take long to compile.
#if defined(URN_PROOF_THRUST)
  if (o.policy == "thrust" && o.shards == 1) return draw_and_report(proof::thrust_policy, o) ? 0 : 1;
#elif defined(URN_PROOF_SIMD)
  if (o.policy == "simd") return draw_and_report(proof::sharded<urn::native_simd_t>{{}, o.shards}, o) ? 0 : 1;
#else
  if (o.policy == "scalar") return draw_and_report(proof::sharded<urn::scalar_t>{{}, o.shards}, o) ? 0 : 1;
#endif
  std::fputs(
      "urn-proof: this build has no such policy. Each has one: scalar; with -DURN_PROOF_SIMD and xsimd's\n"
      "headers simd; with -DURN_PROOF_THRUST and Thrust's headers thrust, without --shards\n",
      stderr);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (const char* missing = proof::missing_instructions()) {
    std::printf("skipped: this machine has no %s\n", missing);
    return 0;
  }
  return run(argc, argv);
}
