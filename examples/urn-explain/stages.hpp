#pragma once
// Stages by name, as a command line lists them.

#include <string>
#include <string_view>

#include "urn/explain/explain.hpp"

/// urn::pipeline_of a text: "temperature=0.8; top_k=40". Throws urn::error for what is unknown, out of place,
/// or refused for a vocabulary of this size.
urn::any_pipeline<urn::explaining<>> parse_stages(const std::string& text, std::size_t vocabulary);

/// The names of all stages and of their parameters, in one line.
std::string known_stages();
