#pragma once
/// \file
/// profile::llama_cpp: settings as llama.cpp acts on them.

#include <array>
#include <concepts>
#include <cstddef>
#include <string_view>
#include <tuple>

#include "urn/logprob/logprobs.hpp"
#include "urn/pipeline/pipeline.hpp"
#include "urn/processor/min_keep.hpp"
#include "urn/processor/stage.hpp"
#include "urn/profile/scopes.hpp"
#include "urn/profile/settings.hpp"
#include "urn/sampler/categorical.hpp"
#include "urn/sampler/mirostat.hpp"

namespace urn::profile {

/// llama.cpp's chain of samplers in its default order:
///
///     bitmask | suppressed_tokens | logit_bias | penalties | dry | top_n_sigma | top_k | typical | top_p
///       | min_p | xtc | temperature | draw
///
/// Penalties count over prompt and output: give them and dry a window, its penalty_last_n. typical keeps more
/// than p; min_keep is for typical, top_p, min_p and xtc. dynamic_temperature stands in for temperature.
/// mirostat replaces all between logit_bias and temperature. The bitmask is its grammar where that comes
/// first: by itself it is asked after the draw. For samplers in another order see llama_cpp_chain.
struct llama_cpp_t {
  static constexpr const char* name = "llama_cpp";
  static constexpr bool has_min_keep = true;
  static constexpr urn::logprobs report{.raw =
                                            true};  ///< the server's n_probs are raw, unless asked otherwise

  /// The names that its parameter `samplers` takes, in the default order.
  static constexpr std::array<std::string_view, 9> order{
      "penalties", "dry", "top_n_sigma", "top_k", "typ_p", "top_p", "min_p", "xtc", "temperature"};

  /// The stages of these names.
  static constexpr auto samplers(const settings& s) {
    constexpr auto everywhere = penalty_scope::prompt_and_output;
    const std::size_t n = s.min_keep;
    urn::xtc xtc = s.xtc;
    xtc.min_keep = n;
    return std::tuple{detail::scoped(s.penalties, everywhere, everywhere),
                      s.dry,
                      s.top_n_sigma,
                      s.top_k,
                      urn::min_keep{n, detail::by(typical_rule::beyond, s.typical)},
                      urn::min_keep{n, detail::reaching(s.top_p)},
                      urn::min_keep{n, s.min_p},
                      xtc,
                      detail::fixed_temperature(s) | s.dynamic_temperature};
  }
  /// What stands before them.
  static constexpr auto biases(const settings& s) { return s.bitmask | s.suppressed_tokens | s.logit_bias; }

  /// The pipeline, with `draw` at its end; it borrows what the settings borrow.
  template <pipeline_stage Sampler = categorical>
  constexpr auto operator()(const settings& s, Sampler draw = {}) const {
    if constexpr (is_mirostat<Sampler>) {
      return biases(s) | s.temperature | draw;
    } else {
      return std::apply([&](const auto&... stage) { return (biases(s) | ... | stage) | draw; }, samplers(s));
    }
  }

  template <class Sampler>
  static constexpr bool is_mirostat =
      std::same_as<Sampler, mirostat_v1> || std::same_as<Sampler, mirostat_v2>;
};
inline constexpr llama_cpp_t llama_cpp{};

}  // namespace urn::profile
