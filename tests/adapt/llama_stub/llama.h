#pragma once
// A stand-in for llama.cpp's llama.h, not llama.cpp: the structs that a sampler of one's own meets, in the
// layout of llama.cpp as of 2026 (its names and types copied by hand), and its functions over them, reduced
// to what they do for one. For machines without llama.cpp; adapt.llama_cpp_real draws inside the real one
// where there is one.
#include <cstddef>
#include <cstdint>

using llama_token = std::int32_t;

struct llama_token_data {
  llama_token id;
  float logit;
  float p;
};

struct llama_token_data_array {
  llama_token_data* data;
  std::size_t size;
  std::int64_t selected;
  bool sorted;
};

struct llama_sampler;

struct llama_sampler_i {
  const char* (*name)(const llama_sampler*);
  void (*accept)(llama_sampler*, llama_token);
  void (*apply)(llama_sampler*, llama_token_data_array*);
  void (*reset)(llama_sampler*);
  llama_sampler* (*clone)(const llama_sampler*);
  void (*free)(llama_sampler*);
  void (*backend_members)();  // several in llama.cpp, all null for samplers on the CPU
};

struct llama_sampler {
  llama_sampler_i* iface;
  void* ctx;
};

inline llama_sampler* llama_sampler_init(llama_sampler_i* iface, void* ctx) {
  return new llama_sampler{iface, ctx};
}
inline const char* llama_sampler_name(const llama_sampler* s) { return s->iface->name(s); }
inline void llama_sampler_accept(llama_sampler* s, llama_token token) { s->iface->accept(s, token); }
inline void llama_sampler_apply(llama_sampler* s, llama_token_data_array* all) { s->iface->apply(s, all); }
inline void llama_sampler_reset(llama_sampler* s) { s->iface->reset(s); }
inline llama_sampler* llama_sampler_clone(const llama_sampler* s) { return s->iface->clone(s); }
inline void llama_sampler_free(llama_sampler* s) {
  if (s == nullptr) return;
  s->iface->free(s);
  delete s;
}
