#pragma once
// Stages by name, as a command line lists them.

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "urn/explain/explain.hpp"

/// A pipeline, and the lists that its stages borrow.
struct stage_list {
  urn::any_pipeline<urn::explaining<>> pipeline;
  std::deque<std::vector<urn::token_id>> ids;
};

/// "temperature=0.8; top_k=40; categorical" for a vocabulary. Where no sampler is named, categorical is the
/// last stage. Throws urn::error for what is unknown, refused or out of place.
stage_list parse_stages(std::string_view text, std::size_t vocabulary);

/// The names and what they take, in one line.
std::string known_stages();
