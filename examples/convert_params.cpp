#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <urn/client/params_json.hpp>
#include <urn/convert/llama_cpp.hpp>
#include <urn/convert/sglang.hpp>
#include <vector>

namespace {

void print(const std::vector<urn::loss>& losses) {
  for (const urn::loss& l : losses) std::printf("  lost: %s %s\n", l.field.c_str(), l.happens.c_str());
}

}  // namespace

int main() {
  // [write]
  const urn::sampling_params params{
      .max_tokens = 64, .stop = std::string("\n\n"), .temperature = 0.8F, .repetition_penalty = 1.1F};
  const urn::conversion asked = urn::to_sglang(params);
  std::printf("%s\n", asked.arguments.dump(2).c_str());
  print(asked.losses);  // repetition_penalty is over the output alone
  // [/write]

  // [read]
  const auto request = nlohmann::json::parse(
      R"({"temperature": 0.7, "samplers": ["top_k", "temperature"], "top_k": 20, "min_keep": 2})");
  const urn::imported_params read = urn::from_llama_cpp(request);
  std::printf("%s\n", urn::to_json(read.params).dump().c_str());  // {"temperature":0.7,"top_k":20}
  print(read.losses);                                             // min_keep is left out: ...
  // [/read]

  // [strict]
  try {
    urn::to_sglang(params, urn::on_loss::refuse);
  } catch (const urn::error& lost) {
    std::printf("%s\n", lost.what());  // to_sglang: repetition_penalty: is over the output alone
    return asked.losses.size() == 1 && read.losses.size() == 1 ? 0 : 1;
  }
  // [/strict]
  return 1;
}
