/* An engine in C11 that draws with urn. */
#include <stdio.h>
#include <stdlib.h>

#include "urn_sampler.h"

enum { vocabulary = 1000, length = 12 };

/* Stands for the model. */
static void fill_logits(float* logits, int32_t last) {
  for (int32_t i = 0; i < vocabulary; ++i) logits[i] = (float)((i * 7919 + last * 104729) % 1009) * 0.02F;
}

/* Writes a text of `length` tokens; 0 if all were drawn. */
static int write_text(uint64_t seed, int32_t* text) {
  int failed = 0;
  // [use]
  const urn_params params = {
      .temperature = 0.8F, .top_k = 40, .top_p = 0.95F, .repetition = 1.1F, .seed = seed};
  urn_sampler* sampler = urn_sampler_create(vocabulary, &params);
  if (sampler == NULL) return 1;
  float logits[vocabulary], logprob;
  for (size_t n = 0; n < length; ++n) {
    fill_logits(logits, n > 0 ? text[n - 1] : 0);
    if (urn_sampler_draw(sampler, logits, text, n, &text[n], &logprob) != 0) failed = 1;
  }
  urn_sampler_free(sampler);
  // [/use]
  return failed;
}

int main(void) {
  int32_t first[length], again[length], other[length];
  if (write_text(42, first) != 0 || write_text(42, again) != 0 || write_text(43, other) != 0) return EXIT_FAILURE;
  int same = 0, shared = 0;
  for (int n = 0; n < length; ++n) {
    printf("%d ", first[n]);
    same += first[n] == again[n];
    shared += first[n] == other[n];
    if (first[n] < 0 || first[n] >= vocabulary) return EXIT_FAILURE;
  }
  puts("");
  return same == length && shared < length ? EXIT_SUCCESS : EXIT_FAILURE;
}
