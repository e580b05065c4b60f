#pragma once
/// \file
/// The text that may be shown while it grows.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "urn/stop/stop.hpp"
#include "urn/stop/utf8.hpp"

namespace urn {

/// Shows a growing text as early as a stop criterion's decisions allow, and never shows a byte that is
/// dropped later.
///
///     release.push(piece, stop.update(state, {.token = id, .text = piece}));   // show what it returns
///     release.finish();                                                        // and, at the end, the rest
///
/// What push and finish return, joined, is the text's first keep() bytes, or all of it where nothing stopped.
/// Until the end whole UTF-8 characters are shown: beyond what the decision holds back, up to 3 bytes of a
/// character that is not complete yet. Copy it to fork or to roll back. Amortised O(bytes); memory is one
/// piece and what is held back.
class text_release {
 public:
  /// Takes a token's text and the decision about it; returns the text that may now be shown, on a stop the
  /// rest of what is kept. The view lives until the next call. After a stop or finish() nothing more is
  /// taken.
  std::string_view push(std::string_view piece, const stop_decision& decision) {
    if (ended_) piece = {};
    text_.erase(0, shown_);
    text_ += piece;
    if (!ended_ && decision.stop()) {
      text_.resize(text_.size() - std::min(decision.drop, text_.size()));
      ended_ = true;
    }
    const auto held = std::min(decision.hold_back, text_.size());
    shown_ = ended_ ? text_.size() : detail::utf8_boundary(text_, text_.size() - held);
    return std::string_view(text_).substr(0, shown_);
  }

  /// Ends the text where no criterion stopped it; returns all that was held back.
  std::string_view finish() {
    ended_ = true;
    return push({}, {});
  }

 private:
  std::string text_;       // what has not been shown before the latest call
  std::size_t shown_ = 0;  // how much of it the latest call showed
  bool ended_ = false;
};

}  // namespace urn
