// One group of pipelines: URN_PROOF_GROUP is its number.
#include <utility>

#include "cuda_batches.cuh"

template <>
proof::batch_drawer proof::drawer_of_group<URN_PROOF_GROUP>(std::size_t pipeline) {
  return find_drawer<URN_PROOF_GROUP>(pipeline, std::make_index_sequence<built_pipelines>{});
}
