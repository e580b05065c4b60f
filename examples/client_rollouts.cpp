#include <cstdio>
#include <string>
#include <urn/client/sampling_client.hpp>
#include <vector>

namespace {

/// What a trainer needs of one rollout: the tokens, which of them were drawn, and how likely each was.
struct rollout {
  std::vector<urn::token_id> tokens;
  std::size_t prompt_length = 0;
  std::vector<float> logprobs;           // of the model, for the importance ratio
  std::vector<float> sampling_logprobs;  // of what was drawn from
};

}  // namespace

int main(int argc, char** argv) {
  urn::client_options options;
  options.model_path = argc > 1 ? argv[1] : "examples/default_model";
  auto client = urn::sampling_client<>::create(options);
  const std::vector<std::string> prompts{"ROMEO\t", "JULIET\t", "HAMLET\tTo be", "First Witch\t"};
  std::vector<rollout> batch;
  // [rollouts]
  std::vector<urn::future<urn::sample_response>> futures;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    futures.push_back(
        client.sample(urn::model_input::from_text(prompts[i]), {.max_tokens = 16, .seed = i}, 8));
  }
  for (auto& future : futures) {
    const urn::sample_response response = future.get();
    for (const urn::sampled_sequence& sequence : response.sequences) {
      rollout r{response.prompt_tokens, response.prompt_tokens.size(), sequence.logprobs,
                sequence.sampling_logprobs};
      r.tokens.insert(r.tokens.end(), sequence.tokens.begin(), sequence.tokens.end());
      batch.push_back(std::move(r));
    }
  }
  // [/rollouts]
  for (const rollout& r : batch) {
    if (r.logprobs.size() != r.tokens.size() - r.prompt_length) return 1;
  }
  std::printf("%zu rollouts\n", batch.size());
  return batch.size() == 32 ? 0 : 1;
}
