#pragma once
/// \file
/// Token ids, the vocabulary's indices.

#include <cstdint>

namespace urn {

/// A token's index in the vocabulary, 0 <= id < V; the engines' own width and sign.
using token_id = std::int32_t;

/// What a draw returns when its row has no token to give; its status says why.
inline constexpr token_id no_token = -1;

}  // namespace urn
