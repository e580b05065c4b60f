#include <cstdio>
#include <urn/client/sampling_client.hpp>

int main(int argc, char** argv) {
  // [samples]
  urn::client_options options;
  options.model_path = argc > 1 ? argv[1] : "examples/default_model";
  auto client = urn::sampling_client<>::create(options);
  auto future = client.sample(urn::model_input::from_text("ROMEO\t"),
                              {.max_tokens = 24, .seed = 7, .temperature = 0.8F, .top_p = 0.95F},
                              /*num_samples=*/4, /*include_prompt_logprobs=*/true);
  const urn::sample_response response = future.get();
  for (const urn::sampled_sequence& sequence : response.sequences) {
    std::printf("%s\n  first token's logprob %.3f\n", sequence.text.c_str(),
                static_cast<double>(sequence.logprobs[0]));
  }
  // [/samples]
  return response.sequences.size() == 4 && response.prompt_logprobs.size() == response.prompt_tokens.size()
             ? 0
             : 1;
}
