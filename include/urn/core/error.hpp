#pragma once
/// \file
/// The one exception of urn, thrown by loaders and clients; the core reports a urn::status instead.

#include <stdexcept>
#include <string>
#include <string_view>

namespace urn {

/// Says what was wrong, where, and what would be right: "where: problem; remedy".
class error : public std::runtime_error {
 public:
  /// `where` names a file, field or argument; `remedy` what would be accepted. Either may be empty.
  error(std::string_view where, std::string_view problem, std::string_view remedy = {})
      : std::runtime_error(compose(where, problem, remedy)) {}

 private:
  static std::string compose(std::string_view where, std::string_view problem, std::string_view remedy) {
    std::string text(where);
    if (!text.empty()) text += ": ";
    text += problem;
    if (!remedy.empty()) text.append("; ").append(remedy);
    return text;
  }
};

}  // namespace urn
