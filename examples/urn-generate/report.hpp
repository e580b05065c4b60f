#pragma once
// How urn-generate shows what was generated: streamed text, or one JSON object.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "options.hpp"
#include "urn/core/draw.hpp"
#include "urn/generate/event.hpp"
#include "urn/model/tokenizer.hpp"

/// A drawn token as it is reported.
struct reported_token {
  urn::draw drawn;
  std::vector<urn::token_logprob> alternatives;
};

/// One finished or growing continuation.
struct continuation {
  std::string text;
  std::vector<reported_token> tokens;
  urn::stop_decision stop;
};

struct timing {
  std::size_t prompt_tokens = 0;
  double prompt_seconds = 0;
  double decode_seconds = 0;
};

/// "length", "end of text", "stop \"...\"" or "no token: <why>".
std::string describe_stop(const continuation& c, const options& asked);

void print_text(const std::vector<continuation>& all, const options& asked, const urn::tokenizer& words,
                const timing& time, std::size_t already_shown);
void print_json(const std::vector<continuation>& all, const options& asked, const urn::tokenizer& words,
                const timing& time);
