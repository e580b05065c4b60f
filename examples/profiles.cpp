#include <cstdio>
#include <string>
#include <urn/profile/from_text.hpp>
#include <urn/profile/profile_named.hpp>
#include <urn/urn.hpp>
#include <vector>

int main() {
  const std::vector<float> logits{3.0F, 2.5F, 2.5F, 1.0F, -1.0F};
  const std::vector<urn::token_id> said{0, 3};
  const urn::draw_context context{.history = said, .seed = 42};
  urn::workspace scratch{logits.size()};

  // [types]
  constexpr urn::profile::settings wanted{
      .penalties = {.repetition = 1.1F}, .temperature = {0.7F}, .top_k = {2}, .top_p = {0.8F}};
  const auto as_vllm = urn::profile::vllm(wanted) | urn::profile::vllm.report;
  const auto as_llama_cpp = urn::profile::llama_cpp(wanted) | urn::profile::llama_cpp.report;
  const urn::draw of_vllm = as_vllm(urn::scalar, logits, context, scratch);
  const urn::draw of_llama_cpp = as_llama_cpp(urn::scalar, logits, context, scratch);
  // [/types]
  std::printf("vLLM keeps %u tokens, llama.cpp %u\n", of_vllm.kept, of_llama_cpp.kept);

  // [names]
  for (const std::string name : {"vllm", "transformers", "llama_cpp", "sglang"}) {
    const urn::any_pipeline<> sampler = urn::profile_named(name)(wanted);
    std::printf("%s keeps %u\n", name.c_str(), sampler(logits, context, scratch).kept);
  }
  // [/names]

  // [text]
  const urn::any_pipeline<> in_this_order =
      urn::pipeline_of("penalties(repetition=1.1,window=64);temperature=0.7;top_p(0.8,rule=beyond);top_k=2");
  const urn::profile::owned_settings in_its_order =
      urn::profile::settings_of("top_k=2;top_p=0.8;temperature=0.7;logit_bias=1:0.5 4:-inf");
  const urn::any_pipeline<> as_sglang = urn::profile_named("sglang")(in_its_order.values);
  // [/text]
  const urn::draw one = in_this_order(logits, context, scratch);
  const urn::draw other = as_sglang(logits, context, scratch);
  std::printf("tokens %d, %d\n", one.token, other.token);

  // [errors]
  try {
    (void)urn::profile_named("transformers")({.dry = {.multiplier = 0.8F}});
  } catch (const urn::error& wrong) {
    std::printf("%s\n", wrong.what());
  }
  // [/errors]
  return urn::failed(one.status | other.status | of_vllm.status | of_llama_cpp.status) ? 1 : 0;
}
