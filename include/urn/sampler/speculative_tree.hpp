#pragma once
/// \file
/// Verification of a tree of drafts: several proposals for a place, each with continuations (Miao et al.,
/// "SpecInfer", 2024), by the rules of speculative.hpp.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/token.hpp"
#include "urn/random/random_bits.hpp"
#include "urn/sampler/distribution.hpp"
#include "urn/sampler/speculative.hpp"

namespace urn {

/// The place before the first draft.
inline constexpr std::int32_t tree_root = -1;

/// A draft and the node that it continues, an earlier one or tree_root.
struct tree_draft {
  draft_token draft;
  std::int32_t parent = tree_root;
};

/// The first child of `parent` behind node `before`; the number of nodes if there is none.
inline std::size_t next_child(std::span<const tree_draft> nodes, std::int32_t parent, std::int32_t before) {
  std::size_t i = static_cast<std::size_t>(before) + 1;  // of tree_root, -1: 0
  while (i < nodes.size() && nodes[i].parent != parent) ++i;
  return i;
}

namespace detail {

/// max(p - q, 0) as a distribution with a total below 2^62, in `room`, which may be where p is. Each share
/// is off by less than 2^-61.
inline token_masses residual_in(distribution_room& room, const token_masses& p, const draft_token& q) {
  const wide total = residual_total(p, q);
  int shift = 0;
  while ((total >> shift) >> 62 != 0) ++shift;
  room.clear();
  for_each_residual(p, q,
                    [&](token_id id, wide mass) { room.add(id, static_cast<std::uint64_t>(mass >> shift)); });
  return room.view();
}

/// One place of a tree: tries the children of `parent` in their order, each against what the others left of
/// p. The node that stands, or none and the token instead.
struct place_verdict {
  std::size_t node;
  token_id token;
};
inline place_verdict verify_place(std::span<const tree_draft> nodes, std::int32_t parent, token_masses p,
                                  const draw_key& key, distribution_room& room) {
  const std::uint64_t instead = random_bits(key, lane_purpose::residual);
  std::size_t child = next_child(nodes, parent, parent);
  for (std::uint32_t sibling = 0; child < nodes.size(); ++sibling) {
    const draft_token& draft = nodes[child].draft;
    const std::uint64_t q = draft_mass(draft, draft.token);
    const std::uint64_t bits = random_bits(key, lane_purpose::accept, sibling);
    if (q != 0 && accepts(bits, p.of(draft.token), p.total, q, draft_total(draft)))
      return {child, draft.token};
    const std::size_t next = next_child(nodes, parent, static_cast<std::int32_t>(child));
    if (next == nodes.size() && q != 0) return {nodes.size(), draw_residual(p, draft, instead)};
    if (q != 0) p = residual_in(room, p, draft);
    child = next;
  }
  const bool leaf = next_child(nodes, parent, parent) == nodes.size();
  return {nodes.size(), draw_from(p, leaf ? random_bits(key, lane_purpose::draw) : instead)};
}

}  // namespace detail

/// Verifies a tree of drafts by rejection sampling: from the root on, the children of a node are tried in
/// their order until one stands, and so on below it. The tokens have the target's distribution as long as
/// each child was drawn from its `from` given its elder siblings: independently, or without replacement, or
/// without a choice. Writes the nodes that stand to `path`, which has room for the deepest. `target(node)`
/// gives the target's distribution after a node (tree_root: before all), in memory apart from `room`; it is
/// asked once for each node that stands. Keys as in verify_chain; a tree without branches is a chain. O(V)
/// for each draft tried.
template <class Target>
chain_verdict verify_tree(std::span<const tree_draft> nodes, Target&& target, draw_key first,
                          distribution_room& room, std::span<std::uint32_t> path) {
  std::int32_t at = tree_root;
  for (std::size_t depth = 0;; ++depth, ++first.step) {
    const token_masses p = target(at);
    if (p.empty()) return {depth, no_token};
    const detail::place_verdict v = detail::verify_place(nodes, at, p, first, room);
    if (v.node == nodes.size()) return {depth, v.token};
    path[depth] = static_cast<std::uint32_t>(v.node);
    at = static_cast<std::int32_t>(v.node);
  }
}

/// The same by equality: the token is drawn from the target as without drafts, and the child that it is, if
/// there is one, stands.
template <class Target>
chain_verdict match_tree(std::span<const tree_draft> nodes, Target&& target, draw_key first,
                         std::span<std::uint32_t> path) {
  std::int32_t at = tree_root;
  for (std::size_t depth = 0;; ++depth, ++first.step) {
    const token_id token = draw_from(target(at), random_bits(first, lane_purpose::draw));
    std::size_t child = next_child(nodes, at, at);
    while (child < nodes.size() && nodes[child].draft.token != token)
      child = next_child(nodes, at, static_cast<std::int32_t>(child));
    if (child == nodes.size()) return {depth, token};
    path[depth] = static_cast<std::uint32_t>(child);
    at = static_cast<std::int32_t>(child);
  }
}

}  // namespace urn
