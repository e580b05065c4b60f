#pragma once
// What a report shows of a trace, whatever it is drawn with.

#include <functional>
#include <string>
#include <vector>

#include "urn/explain/trace.hpp"

struct picture {
  std::string title;
  urn::trace trace;
  std::function<std::string(urn::token_id)> name_of;
  std::size_t top = 8;  ///< tokens of a stage
  bool colour = false;
};

/// A token before and behind a stage.
struct shown_token {
  urn::token_id token;
  double before, after;  ///< its probability
  bool was, is;          ///< whether it is a candidate
};

/// The best tokens before step i, then those of the best behind it that are not among them, then the drawn
/// one. Of step 0, the row as it came, both are the same.
std::vector<shown_token> shown_tokens(const picture& p, std::size_t i);

/// "40 of 1024 tokens left, 984 removed".
std::string counts_of(const picture& p, std::size_t i);
/// What the draw says of itself: the token, its rank, how the point fell, or why there is none. Sentences.
std::vector<std::string> end_of(const picture& p);

std::string percent(double share);
std::string fixed(double x, int digits);

std::string text_report(const picture& p);
std::string html_report(const picture& p);
