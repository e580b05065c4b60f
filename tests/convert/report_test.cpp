#include "urn/convert/report.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "support/expect_error.hpp"

namespace {

using nlohmann::json;
using urn::loss, urn::on_loss;

TEST(report, losses_are_refused_only_if_wanted) {
  const std::vector<loss> losses{{"a", "is 1"}, {"b", "is left out"}};
  EXPECT_NO_THROW(urn::detail::refuse_losses("to_x", losses, on_loss::report));
  EXPECT_NO_THROW(urn::detail::refuse_losses("to_x", {}, on_loss::refuse));
  urn::test::expect_error([&] { urn::detail::refuse_losses("to_x", losses, on_loss::refuse); },
                          "to_x: a: is 1; b: is left out");
}

TEST(report, a_foreign_field_is_a_loss_unless_neutral) {
  const std::array fields{urn::detail::foreign_field{"beams", 1},
                          urn::detail::foreign_field{"mask", nullptr}};
  const auto lost = [&](const char* text) {
    const json said = json::parse(text);
    urn::detail::argument_reader from("x", said);
    std::vector<loss> losses;
    from.look_at_foreign(fields, losses);
    return losses.size() + 10 * from.unknown().size();
  };
  EXPECT_EQ(lost("{}"), 0U);
  EXPECT_EQ(lost(R"({"beams": 1.0, "mask": null})"), 0U);
  EXPECT_EQ(lost(R"({"beams": null})"), 0U);
  EXPECT_EQ(lost(R"({"beams": 2, "mask": [], "other": null})"), 12U);
}

}  // namespace
