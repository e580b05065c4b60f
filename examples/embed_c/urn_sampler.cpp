// The C++ behind the C: the only file that includes urn, or needs a C++ compiler.
#include "urn_sampler.h"

#include <new>
#include <span>
#include <urn/urn.hpp>

// [handle]
struct urn_sampler {
  urn_params params;
  urn::workspace scratch;
};

urn_sampler* urn_sampler_create(size_t vocabulary, const urn_params* params) try {
  return new urn_sampler{*params, urn::workspace{vocabulary}};
} catch (const std::bad_alloc&) {
  return nullptr;  // nothing may be thrown into C; a draw throws nothing by itself
}

int urn_sampler_draw(urn_sampler* sampler, const float* logits, const int32_t* history, size_t length,
                     int32_t* token, float* logprob) {
  const urn_params& p = sampler->params;
  const auto pipeline = urn::penalties{.repetition = p.repetition} | urn::temperature{p.temperature} |
                        urn::top_k{p.top_k} | urn::top_p{p.top_p} | urn::min_p{p.min_p} | urn::categorical{} |
                        urn::logprobs{.raw = false};
  const urn::draw_context context{
      .history = std::span(history, length), .seed = p.seed, .step = static_cast<std::uint32_t>(length)};
  const std::span row(logits, sampler->scratch.vocabulary());
  const urn::draw draw = pipeline(urn::scalar, row, context, sampler->scratch);
  *token = draw.token;
  *logprob = draw.logprob;
  return static_cast<int>(draw.status);
}

void urn_sampler_free(urn_sampler* sampler) { delete sampler; }
// [/handle]
