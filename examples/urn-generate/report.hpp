#pragma once
// How urn-generate shows what was generated: text, or one JSON object.

#include "options.hpp"
#include "urn/client/sample_response.hpp"
#include "urn/model/tokenizer.hpp"

/// What is left to show once sample 0 was streamed: the other samples, logprobs if asked for, and the last
/// line.
void print_rest(const urn::sample_response& response, const options& asked, const urn::tokenizer& words);

void print_json(const urn::sample_response& response, const options& asked, const urn::tokenizer& words);
