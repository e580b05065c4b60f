// Inside llama.cpp: 10,000 draws by chains of its samplers that end with a urn pipeline, against the pipeline
// alone on the same logits. With a model (a GGUF file) as argument the logits are llama_decode's and the
// tokens llama_sampler_sample's, the text going on from what was drawn; without one they are made here.
#include <llama.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <vector>

#include "urn/adapt/llama_cpp.hpp"
#include "urn/urn.hpp"

namespace {

constexpr std::uint32_t draws = 10000;
constexpr std::uint64_t seed = 42;
constexpr auto pipeline = urn::penalties{.repetition = 1.1F, .window = 64} | urn::temperature{0.8F} |
                          urn::top_k{40} | urn::top_p{0.95F} | urn::min_p{0.02F} | urn::categorical{} |
                          urn::logprobs{};

/// A chain of llama.cpp whose last sampler is urn's; `first`, if any, comes before.
class chain {
 public:
  chain(std::size_t vocabulary, llama_sampler* first) : all_(llama_sampler_chain_init({})) {
    if (first != nullptr) llama_sampler_chain_add(all_, first);
    urns_ = urn::make_llama_sampler(urn::scalar, pipeline,
                                    {.vocabulary = vocabulary, .seed = seed, .context = draws});
    llama_sampler_chain_add(all_, urns_);
  }
  ~chain() { llama_sampler_free(all_); }
  chain(const chain&) = delete;
  chain& operator=(const chain&) = delete;

  llama_sampler* get() { return all_; }
  const urn::draw& last() { return urn::last_draw(urns_); }

 private:
  llama_sampler* all_;
  llama_sampler* urns_ = nullptr;
};

/// The pipeline alone, with its own history; counts what is the same.
class witness {
 public:
  explicit witness(std::size_t vocabulary) : scratch_(vocabulary) {}

  void compare(std::span<const float> logits, urn::token_id token, const urn::draw& by_chain) {
    const auto step = static_cast<std::uint32_t>(history_.size());
    const urn::draw d =
        pipeline(urn::scalar, logits, {.history = history_, .seed = seed, .step = step}, scratch_);
    const bool same_bits = urn::exact::bits(d.logprob) == urn::exact::bits(by_chain.logprob);
    same_ += token >= 0 && d.token == token && d.mass == by_chain.mass && same_bits ? 1 : 0;
    history_.push_back(d.token);
  }
  bool report(const char* what) const {
    std::printf("%s: %u of %u\n", what, same_, draws);
    return same_ == draws;
  }

 private:
  urn::workspace scratch_;
  std::vector<urn::token_id> history_;
  std::uint32_t same_ = 0;
};

std::vector<float> some_logits(std::uint32_t step, std::size_t vocabulary) {
  std::vector<float> logits(vocabulary);
  for (std::uint32_t i = 0; i < vocabulary; ++i) {
    const std::uint32_t mixed = (i * 2654435761U + step * 40503U) ^ (i << 7);
    logits[i] = static_cast<float>(mixed >> 20) / 300.0F;
  }
  return logits;
}

/// The logits that a cut by llama.cpp's top-k leaves, by the order of candidates; it keeps any of equal ones,
/// so that the rows of this have none at its border.
bool whole_or_cut(const char* what, std::int32_t kept_before) {
  constexpr std::size_t vocabulary = 4000;
  chain drawing(vocabulary, kept_before > 0 ? llama_sampler_init_top_k(kept_before) : nullptr);
  witness alone(vocabulary);
  std::vector<llama_token_data> candidates(vocabulary);
  for (std::uint32_t step = 0; step < draws; ++step) {
    std::vector<float> logits = some_logits(step, vocabulary);
    for (std::size_t i = 0; i < vocabulary; ++i) candidates[i] = {static_cast<llama_token>(i), logits[i], 0};
    llama_token_data_array all{candidates.data(), candidates.size(), -1, false};
    llama_sampler_apply(drawing.get(), &all);
    const llama_token token = all.selected < 0 ? urn::no_token : all.data[all.selected].id;
    llama_sampler_accept(drawing.get(), token);
    if (kept_before > 0) {  // what is left is what the array still has
      std::fill(logits.begin(), logits.end(), urn::exact::minus_infinity);
      for (std::size_t i = 0; i < all.size; ++i)
        logits[static_cast<std::size_t>(all.data[i].id)] = all.data[i].logit;
    }
    alone.compare(logits, token, drawing.last());
  }
  return alone.report(what);
}

/// Text of a model, as an engine makes it.
bool decoded(const char* path) {
  llama_backend_init();
  llama_model* model = llama_model_load_from_file(path, llama_model_default_params());
  if (model == nullptr) return false;
  llama_context_params params = llama_context_default_params();
  params.n_ctx = 512;
  params.n_threads = params.n_threads_batch = 1;  // a token of a small model is little work
  llama_context* context = llama_init_from_model(model, params);
  const auto vocabulary = static_cast<std::size_t>(llama_vocab_n_tokens(llama_model_get_vocab(model)));
  chain drawing(vocabulary, nullptr);
  witness alone(vocabulary);
  llama_token token = 1;
  for (std::uint32_t step = 0; step < draws; ++step) {
    if (step % 256 == 0) llama_memory_clear(llama_get_memory(context), true);
    if (llama_decode(context, llama_batch_get_one(&token, 1)) != 0) return false;
    const std::span<const float> row{llama_get_logits_ith(context, -1), vocabulary};
    const std::vector<float> logits(row.begin(), row.end());
    token = llama_sampler_sample(drawing.get(), context, -1);
    alone.compare(logits, token, drawing.last());
  }
  llama_free(context);
  llama_model_free(model);
  return alone.report("llama_decode and llama_sampler_sample");
}

}  // namespace

int main(int argc, char** argv) {
  llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
  if (argc > 1) return decoded(argv[1]) ? 0 : 1;
  const bool whole = whole_or_cut("a chain of urn alone", 0);
  const bool cut = whole_or_cut("a chain of llama.cpp's top-k and urn", 100);
  return whole && cut ? 0 : 1;
}
