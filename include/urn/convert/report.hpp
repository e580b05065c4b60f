#pragma once
/// \file
/// What a conversion of parameters gives, and what it could not carry over.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "urn/client/params_json.hpp"
#include "urn/client/sampling_params.hpp"
#include "urn/client/validate.hpp"
#include "urn/core/error.hpp"

namespace urn {

/// A parameter that the other side does not have, or has in another way.
struct loss {
  std::string field;    ///< of the parameters that were given
  std::string happens;  ///< what will happen instead
  friend bool operator==(const loss&, const loss&) = default;
};

/// What to do about losses: report them, or throw urn::error, which lists them all.
enum class on_loss : std::uint8_t { report, refuse };

/// sampling_params for an engine.
struct conversion {
  nlohmann::ordered_json arguments;   ///< keyword arguments
  std::vector<loss> losses;           ///< empty: the engine is asked for exactly the same
  std::optional<std::uint64_t> seed;  ///< where it is no argument
};

/// An engine's keyword arguments as sampling_params. They are valid.
struct imported_params {
  sampling_params params;
  std::vector<loss> losses;
  std::vector<std::string> unknown;  ///< names that the engine's class does not have either
};

namespace detail {

inline void refuse_losses(std::string_view conversion_name, const std::vector<loss>& losses, on_loss policy) {
  if (losses.empty() || policy == on_loss::report) return;
  std::string text;
  for (const loss& l : losses) {
    if (!text.empty()) text += "; ";
    text.append(l.field).append(": ").append(l.happens);
  }
  throw error(conversion_name, text);
}

/// An engine's parameter that sampling_params do not have, and the value that changes nothing. null changes
/// nothing either.
struct foreign_field {
  const char* name;
  nlohmann::json neutral;
};

/// Reads an engine's arguments. Every name that is asked for is known; null is absent.
class argument_reader {
 public:
  argument_reader(std::string_view engine, const nlohmann::json& object) : object_(&object) {
    if (!object.is_object()) refuse_json(engine, object, "an object");
  }

  /// The argument, nullptr when it is absent or null.
  const nlohmann::json* find(const char* name) {
    known_.emplace_back(name);
    const auto found = object_->find(name);
    return found == object_->end() || found->is_null() ? nullptr : &*found;
  }
  [[nodiscard]] bool says_null(const char* name) const {
    const auto found = object_->find(name);
    return found != object_->end() && found->is_null();
  }
  /// Reads the argument into `out`; false, and `out` as it was, when it is absent.
  template <class T>
  bool read(const char* name, T& out) {
    const nlohmann::json* const value = find(name);
    if (value != nullptr) read_json(*value, name, out);
    return value != nullptr;
  }
  template <class T>
  T value_or(const char* name, T otherwise) {
    read(name, otherwise);
    return otherwise;
  }

  /// Reports those that are there and not neutral.
  void look_at_foreign(std::span<const foreign_field> fields, std::vector<loss>& losses) {
    for (const foreign_field& f : fields) {
      const nlohmann::json* const value = find(f.name);
      if (value == nullptr || *value == f.neutral) continue;
      losses.push_back({f.name, "is left out: urn has no such parameter"});
    }
  }
  /// The names that nobody asked for.
  [[nodiscard]] std::vector<std::string> unknown() const {
    std::vector<std::string> names;
    for (const auto& [name, value] : object_->items()) {
      if (std::find(known_.begin(), known_.end(), name) == known_.end()) names.push_back(name);
    }
    return names;
  }

 private:
  const nlohmann::json* object_;
  std::vector<std::string> known_;
};

/// The last steps of every import: the parameters are valid, the losses wanted.
inline imported_params finish_import(std::string_view conversion_name, imported_params result,
                                     on_loss policy) {
  require_valid(result.params);
  refuse_losses(conversion_name, result.losses, policy);
  return result;
}

}  // namespace detail
}  // namespace urn
