#pragma once
// The conversions for other programs, as lines of JSON: real_classes.py gives them to the engines' own
// classes.

#include <cstddef>
#include <cstdio>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "client/random_params.hpp"
#include "convert/engines.hpp"
#include "convert/tables.hpp"

namespace urn::test {

inline nlohmann::json fields_of(const std::vector<loss>& losses) {
  auto fields = nlohmann::json::array();
  for (const loss& l : losses) fields.push_back(l.field);
  return fields;
}

inline void write(const engine& e, std::size_t count) {
  rows::random_source r(7);
  for (std::size_t i = 0; i < count; ++i) {
    const conversion made = e.write(random_params::make(r, 50), on_loss::report);
    const nlohmann::ordered_json line{{"arguments", made.arguments}, {"losses", fields_of(made.losses)}};
    std::cout << line.dump() << '\n';
  }
}

inline nlohmann::json meaning(const engine& e, const std::string& line) {
  try {
    const imported_params read = e.read(nlohmann::json::parse(line), on_loss::report);
    return {{"params", to_json(read.params)}, {"losses", fields_of(read.losses)}, {"unknown", read.unknown}};
  } catch (const error& refused) {
    return {{"error", refused.what()}};
  }
}

inline void read(const engine& e) {
  std::string line;
  while (std::getline(std::cin, line)) std::cout << meaning(e, line).dump() << '\n';
}

/// write <engine> <count>: arguments of random parameters, a line each. read <engine>: what arguments, a line
/// each, mean. tables <page>: puts the tables into docs/convert.md. The program's exit status.
inline int speak(const std::vector<std::string>& said) try {
  if (said.size() == 2 && said[0] == "tables") return write_tables(said[1]), 0;
  for (const engine& e : engines()) {
    if (said.size() < 2 || said[1] != e.name) continue;
    if (said[0] == "write" && said.size() == 3) return write(e, std::stoul(said[2])), 0;
    if (said[0] == "read") return read(e), 0;
  }
  std::fputs("write <engine> <count> | read <engine> | tables <page>\n", stderr);
  return 2;
} catch (const std::exception& problem) {
  std::fprintf(stderr, "%s\n", problem.what());
  return 1;
}

}  // namespace urn::test
