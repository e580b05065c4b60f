#pragma once
/// \file
/// Post-processors of tokenizer.json, which put special tokens around a text: TemplateProcessing for one
/// text, and Sequences; ByteLevel only moves offsets. Others are refused.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "urn/core/token.hpp"
#include "urn/model/tokenizer/json.hpp"
#include "urn/model/tokenizer/vocabulary.hpp"

namespace urn::tokenizing {

/// What goes before and after every text.
struct post_processor {
  std::vector<token_id> before, after;
};

/// The ids of a template's special token, from its list of them.
inline std::vector<token_id> read_special_ids(const field& part, const std::string& name) {
  std::vector<token_id> out;
  for (const field& id : part.at("special_tokens").at(name).at("ids").elements()) {
    out.push_back(static_cast<token_id>(id.whole(most_tokens - 1)));
  }
  return out;
}

/// Adds one template, which surrounds what the ones before it made.
inline void read_template(const field& part, post_processor& out) {
  std::vector<token_id> before;
  std::vector<token_id> after;
  bool seen_text = false;
  const field single = part.at("single");
  for (const field& piece : single.elements()) {
    if (const auto special = piece.find("SpecialToken")) {
      const auto ids = read_special_ids(part, special->at("id").string());
      auto& side = seen_text ? after : before;
      side.insert(side.end(), ids.begin(), ids.end());
    } else if (piece.at("Sequence").at("id").string() != "A" || seen_text) {
      piece.fail("it is not the one text", "use the sequence A once in a template for single texts");
    } else {
      seen_text = true;
    }
  }
  if (!seen_text) single.fail("the template has no sequence A", "say where the text goes");
  out.before.insert(out.before.begin(), before.begin(), before.end());
  out.after.insert(out.after.end(), after.begin(), after.end());
}

inline post_processor read_post_processor(const std::optional<field>& part) {
  post_processor out;
  for (const field& step : parts_of(part, "processors")) {
    const std::string& type = step.at("type").string();
    if (type == "TemplateProcessing") {
      read_template(step, out);
    } else if (type != "ByteLevel") {
      step.fail("the post-processor " + in_quotes(type) + " is not supported",
                "supported are TemplateProcessing, ByteLevel and Sequence");
    }
  }
  return out;
}

}  // namespace urn::tokenizing
