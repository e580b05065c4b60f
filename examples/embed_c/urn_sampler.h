/* A sampler for C: what stands between an engine in C, or in any language that calls C, and urn. */
#ifndef URN_SAMPLER_H
#define URN_SAMPLER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// [interface]
typedef struct urn_sampler urn_sampler; /* of one thread at a time */

typedef struct urn_params {
  float temperature; /* 1: as it is; 0: the best token */
  int32_t top_k;     /* 0: all */
  float top_p;       /* 1: all */
  float min_p;       /* 0: all */
  float repetition;  /* 1: no penalty */
  uint64_t seed;
} urn_params;

/* For rows of so many logits; NULL if there is no memory. */
urn_sampler* urn_sampler_create(size_t vocabulary, const urn_params* params);

/* Draws the next token after `history`: 0, or the bits of a urn::status, of which some leave no token (-1). */
int urn_sampler_draw(urn_sampler* sampler, const float* logits, const int32_t* history, size_t length, int32_t* token,
                     float* logprob);

void urn_sampler_free(urn_sampler* sampler);
// [/interface]

#ifdef __cplusplus
}
#endif
#endif
