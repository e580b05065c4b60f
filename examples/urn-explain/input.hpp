#pragma once
// The row that is drawn from: a model's, or a file's.

#include <functional>
#include <string>
#include <vector>

#include "options.hpp"
#include "urn/core/token.hpp"

struct input {
  std::vector<float> logits;
  std::vector<urn::token_id> prompt;                  ///< what the penalties see as the prompt
  std::function<std::string(urn::token_id)> name_of;  ///< how a token is shown
  std::string title;
};

/// The logits that the model gives for the token after the prompt. Throws urn::error.
input read_model(const options& asked);
/// The numbers of a file. Throws urn::error.
input read_file(const std::string& path);
