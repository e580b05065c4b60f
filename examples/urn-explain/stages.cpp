#include "stages.hpp"

#include <vector>

#include "urn/core/error.hpp"
#include "urn/profile/from_text.hpp"

namespace {

using pipeline = urn::any_pipeline<urn::explaining<>>;

/// Refuses a stage that no draw would take.
void check(const urn::profile::written_stage& stage, const std::vector<float>& row, urn::workspace& scratch) {
  const pipeline alone = urn::pipeline_of<urn::explaining<>>(std::vector{stage});
  if (urn::has(alone(row, {}, scratch).status, urn::status::bad_argument))
    throw urn::error("--stages: " + stage.name, "its parameters are refused",
                     "give numbers in its range, and ids below " + std::to_string(row.size()));
}

}  // namespace

pipeline parse_stages(const std::string& text, std::size_t vocabulary) {
  const std::vector<urn::profile::written_stage> stages = urn::profile::stages_of(text);
  const std::vector<float> row(vocabulary);
  urn::workspace scratch(vocabulary, 4 * vocabulary);
  pipeline whole = urn::pipeline_of<urn::explaining<>>(stages);
  for (const urn::profile::written_stage& stage : stages) check(stage, row, scratch);
  return whole;
}

std::string known_stages() {
  std::string text = "there are";
  const char* before = " ";
  for (const std::string& stage : urn::profile::known_stages()) {
    text.append(before).append(stage);
    before = ", ";
  }
  return text;
}
