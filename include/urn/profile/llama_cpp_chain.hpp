#pragma once
/// \file
/// llama_cpp_chain: llama.cpp's samplers in an order given at run time.

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "urn/core/error.hpp"
#include "urn/pipeline/any_pipeline.hpp"
#include "urn/profile/llama_cpp.hpp"
#include "urn/profile/profile_named.hpp"
#include "urn/profile/settings.hpp"
#include "urn/profile/unpack.hpp"

namespace urn::profile {

namespace detail {

/// llama.cpp takes names with hyphens, without underscores, and a few of their own.
inline std::size_t place_in_llama_cpp(std::string_view name) {
  std::string plain(name);
  std::erase_if(plain, [](char c) { return c == '_' || c == '-'; });
  if (plain == "nucleus") plain = "topp";
  if (plain == "temp") plain = "temperature";
  if (plain == "typ" || plain == "typical" || plain == "typicalp") plain = "typp";
  const auto is_it = [&](std::string_view one) {
    std::string bare(one);
    std::erase(bare, '_');
    return bare == plain;
  };
  const auto& order = llama_cpp_t::order;
  return static_cast<std::size_t>(std::find_if(order.begin(), order.end(), is_it) - order.begin());
}

/// Appends the i-th of the stages.
template <class Policy, class... Stage>
misplaced append_nth(any_pipeline<Policy>& to, std::size_t i, const std::tuple<Stage...>& stages) {
  misplaced wrong = misplaced::no;
  const auto append = [&]<std::size_t... I>(std::index_sequence<I...>) {
    ((i == I ? void(wrong = append_active(to, std::get<I>(stages))) : void()), ...);
  };
  append(std::index_sequence_for<Stage...>{});
  return wrong;
}

}  // namespace detail

/// llama.cpp's chain with its parameter `samplers`: those that are listed, in that order, after the biases; a
/// sampler that is not listed does nothing, one that is listed twice acts twice. mirostat needs no list.
/// Throws urn::error, which lists the names, and for what llama.cpp does not have.
template <execution_policy Policy = scalar_t>
any_pipeline<Policy> llama_cpp_chain(const settings& s, std::span<const std::string_view> samplers,
                                     const any_sampler& draw = {}) {
  detail::refuse_left_out(llama_cpp_t::name, left_out(llama_cpp, s));
  any_pipeline<Policy> pipeline;
  misplaced wrong = append_active(pipeline, llama_cpp_t::biases(s));
  for (const std::string_view name : samplers) {
    const std::size_t i = detail::place_in_llama_cpp(name);
    if (i == llama_cpp_t::order.size()) {
      throw error("samplers", '"' + std::string(name) + "\" is not one",
                  "there are " + detail::joined(llama_cpp_t::order));
    }
    if (wrong == misplaced::no) wrong = detail::append_nth(pipeline, i, llama_cpp_t::samplers(s));
  }
  if (wrong == misplaced::no) wrong = detail::append_sampler(pipeline, draw);
  detail::refuse_misplaced("samplers", wrong);
  return pipeline;
}

}  // namespace urn::profile
