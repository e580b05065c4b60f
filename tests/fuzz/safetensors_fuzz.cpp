// Any bytes are a safetensors file or an urn::error; every tensor of a file can be read or is refused by
// type.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "urn/model/checkpoint.hpp"

namespace {

void read(const urn::checkpoint& weights, const std::string& name) {
  try {
    const auto tensor = weights.at(name);
    std::vector<float> values(tensor.bytes.size() / urn::element_size(tensor.type));
    urn::to_float(tensor, values);
  } catch (const urn::error&) {
    if (!weights.contains(name)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto weights = urn::checkpoint::parse(std::as_bytes(std::span(data, size)), "fuzz");
    for (const auto& name : weights.names()) read(weights, name);
  } catch (const urn::error&) {
    return 0;
  }
  return 0;
}
