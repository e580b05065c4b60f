// urn-proof on a device: draws every case of the corpus in batches and reduces all that comes out to the
// number that every other build gives.

#include <algorithm>
#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <numeric>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "cuda_batches.cuh"

namespace proof {
template <>
batch_drawer drawer_of_group<0>(std::size_t);
template <>
batch_drawer drawer_of_group<1>(std::size_t);
template <>
batch_drawer drawer_of_group<2>(std::size_t);
template <>
batch_drawer drawer_of_group<3>(std::size_t);
template <>
batch_drawer drawer_of_group<4>(std::size_t);
template <>
batch_drawer drawer_of_group<5>(std::size_t);
template <>
batch_drawer drawer_of_group<6>(std::size_t);
template <>
batch_drawer drawer_of_group<7>(std::size_t);
}  // namespace proof

namespace {

using proof::corpus;

struct options {
  std::uint64_t many = 20'000, longer = 20, more = 5'000, longer_more = 10;
  std::uint64_t batch = 512, shuffle = 0, slices = 0, print = 0, pipeline = proof::built_pipelines;
};

constexpr const char* usage =
    "usage: urn-proof-cuda [--many N] [--long N] [--more N] [--long-more N] [--batch ROWS] [--shuffle SEED]\n"
    "                      [--slices N] [--print 1] [--pipeline P]\n"
    "Draws the first N cases of each corpus in batches of ROWS (with --shuffle: of 1 to ROWS), and compares "
    "the\n"
    "digest with the repository's.\n";

proof::batch_drawer drawer(std::size_t pipeline) {
  static constexpr proof::batch_drawer (*of_group[])(std::size_t) = {
      proof::drawer_of_group<0>, proof::drawer_of_group<1>, proof::drawer_of_group<2>,
      proof::drawer_of_group<3>, proof::drawer_of_group<4>, proof::drawer_of_group<5>,
      proof::drawer_of_group<6>, proof::drawer_of_group<7>};
  static_assert(std::size(of_group) == proof::pipeline_groups);
  return of_group[proof::group_of(pipeline)](pipeline);
}

/// The cases with these numbers, made by all processors.
std::vector<proof::made_case> make(corpus of, std::span<const std::uint64_t> numbers) {
  std::vector<std::optional<proof::made_case>> made(numbers.size());
  const std::size_t workers = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < workers; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = t; i < numbers.size(); i += workers) made[i].emplace(of, numbers[i]);
    });
  }
  for (std::thread& t : threads) t.join();
  std::vector<proof::made_case> all;
  all.reserve(made.size());
  for (auto& m : made) all.push_back(std::move(*m));
  return all;
}

/// The numbers of the first `count` cases by pipeline, each list in an order of its own.
std::vector<std::vector<std::uint64_t>> by_pipeline(corpus of, std::uint64_t count, proof::words& r,
                                                    bool shuffle) {
  std::vector<std::vector<std::uint64_t>> numbers(proof::built_pipelines);
  for (std::uint64_t n = 0; n < count; ++n) numbers[proof::sample_case(of, n).pipeline].push_back(n);
  for (auto& list : numbers) {
    for (std::size_t i = list.size(); shuffle && i > 1; --i) std::swap(list[i - 1], list[r.below(i)]);
  }
  return numbers;
}

void print(const proof::made_case& m, const urn::draw& d) {
  std::printf("%" PRIu64 " V %zu type %zu pipeline %zu: token %d status %u logprob %08" PRIx64
              " raw %08" PRIx64 " rank %u kept %u mass %" PRIx64 "\n",
              m.number, m.c.size, m.c.element, m.c.pipeline, d.token, static_cast<unsigned>(d.status),
              proof::digest::word(d.logprob), proof::digest::word(d.raw_logprob), d.rank, d.kept, d.mass);
}

bool draws(const options& o, std::size_t pipeline) {
  return o.pipeline == proof::built_pipelines || o.pipeline == pipeline;
}

proof::digest draw_all(corpus of, std::uint64_t count, const options& o, proof::device_room& room) {
  proof::words r(o.shuffle);
  proof::digest result;
  urn::cuda policy{nullptr};
  const auto tell = [&](const proof::made_case& m, const urn::draw& d, auto best, auto raw_best) {
    result.add(m.number, d, best, raw_best);
    if (o.print != 0) print(m, d);
  };
  const std::uint64_t most = proof::is_long(of) ? std::min<std::uint64_t>(o.batch, 32) : o.batch;
  for (const auto& numbers : by_pipeline(of, count, r, o.shuffle != 0)) {
    if (numbers.empty() || !draws(o, proof::sample_case(of, numbers[0]).pipeline)) continue;
    for (std::size_t first = 0; first < numbers.size();) {
      const std::size_t wanted = o.shuffle != 0 ? 1 + r.below(most) : most;
      const std::size_t size = std::min<std::size_t>(wanted, numbers.size() - first);
      const auto cases = make(of, std::span(numbers).subspan(first, size));
      policy.slices = static_cast<unsigned>(o.slices == 0 && o.shuffle != 0 ? r.below(9) : o.slices);
      drawer(cases[0].c.pipeline)(cases, policy, room, tell);
      first += size;
    }
  }
  return result;
}

bool report(corpus of, const proof::digest& got) {
  constexpr const char* names[] = {"many", "long", "more", "long-more"};
  std::printf("%s: %" PRIu64 " cases, digest %016" PRIx64 "\n", names[static_cast<std::size_t>(of)],
              got.cases, got.sum);
  for (const proof::known_digest& known : proof::known_digests) {
    if (known.of != of || known.cases != got.cases) continue;
    if (known.sum != got.sum) std::printf("DIFFERENT: the digest must be %016" PRIx64 "\n", known.sum);
    return known.sum == got.sum;
  }
  if (got.cases != 0)
    std::printf("tests/proof/digest.hpp has no digest of the first %" PRIu64 " cases\n", got.cases);
  return got.cases == 0;
}

bool read(int argc, char** argv, options& o) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    std::uint64_t* const value = name == "--many"        ? &o.many
                                 : name == "--long"      ? &o.longer
                                 : name == "--more"      ? &o.more
                                 : name == "--long-more" ? &o.longer_more
                                 : name == "--batch"     ? &o.batch
                                 : name == "--shuffle"   ? &o.shuffle
                                 : name == "--slices"    ? &o.slices
                                 : name == "--print"     ? &o.print
                                 : name == "--pipeline"  ? &o.pipeline
                                                         : nullptr;
    char* end = nullptr;
    if (value == nullptr) return false;
    *value = std::strtoull(argv[i + 1], &end, 10);
    if (*end != '\0') return false;
  }
  return argc % 2 == 1 && o.batch > 0;
}

}  // namespace

int main(int argc, char** argv) try {
  options o;
  if (!read(argc, argv, o)) {
    std::fputs(usage, stderr);
    return 2;
  }
  constexpr std::size_t mega = std::size_t{1} << 20;
  const std::size_t rows = std::max<std::size_t>(o.batch, 32);
  const std::size_t longest = proof::largest_row(corpus::longer);
  const std::size_t size = urn::cuda_workspace::bytes(rows, longest);
  void* memory = nullptr;
  proof::check(cudaMalloc(&memory, size));
  urn::cuda_workspace scratch(memory, size, rows, longest);
  scratch.with_edits(2048);
  proof::check(scratch.clear(nullptr));
  proof::device_room room{proof::arena(128 * mega), proof::arena(16 * mega), scratch};
  bool good = true;
  const auto draw = [&](corpus of, std::uint64_t count) { good &= report(of, draw_all(of, count, o, room)); };
  draw(corpus::many, o.many), draw(corpus::longer, o.longer);
  draw(corpus::more, o.more), draw(corpus::longer_more, o.longer_more);
  cudaFree(memory);
  return good ? 0 : 1;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
