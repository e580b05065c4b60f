#include <array>
#include <cstdio>
#include <span>
#include <urn/urn.hpp>
#include <vector>

namespace {

/// Two models that look at the last token alone: the draft, and a target that likes the next id more.
std::vector<float> logits(urn::token_id last, float liking) {
  std::vector<float> row(50);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = -0.05F * static_cast<float>(i);
  row[static_cast<std::size_t>((last + 1) % 50)] += liking;
  return row;
}

}  // namespace

int main() {
  const auto stages = urn::penalties{.repetition = 1.1F} | urn::temperature{0.8F} | urn::top_p{0.95F};
  urn::workspace scratch{50};
  urn::distribution_room room{50};
  std::array<urn::distribution_room, 4> rooms{room, room, room, room};
  std::vector<urn::token_id> text{7};
  std::size_t accepted = 0;
  while (text.size() < 200) {
    const urn::draw_key key{.seed = 42, .step = static_cast<std::uint32_t>(text.size())};
    std::vector<urn::token_id> ahead = text;
    // [verify]
    std::array<urn::draft_token, 4> drafts;
    for (std::size_t i = 0; i < drafts.size(); ++i) {  // the draft model runs ahead
      const std::vector<float> row = logits(ahead.back(), 3.0F);
      const urn::draw_context context{
          .history = ahead, .seed = key.seed, .step = key.step + static_cast<std::uint32_t>(i)};
      const auto from = urn::distribution_of(urn::scalar, stages, row, context, scratch, rooms[i]);
      const auto bits = urn::random_bits(context.key(), urn::lane_purpose::draw);
      drafts[i] = {urn::draw_from(from, bits), from};
      ahead.push_back(drafts[i].token);
    }
    const auto target = [&](std::size_t i) {  // position i, behind the drafts before it
      const auto past = std::span(ahead).first(text.size() + i);
      const std::vector<float> row = logits(past.back(), 4.0F);
      return urn::distribution_of(urn::scalar, stages, row, {.history = past}, scratch, room);
    };
    const urn::chain_verdict verdict = urn::verify_chain(std::span(drafts), target, key);
    for (std::size_t i = 0; i < verdict.accepted; ++i) text.push_back(drafts[i].token);
    text.push_back(verdict.next);
    // [/verify]
    accepted += verdict.accepted;
  }
  std::printf("%zu of %zu tokens were drafts\n", accepted, text.size() - 1);
  return accepted > text.size() / 3 && accepted < text.size() ? 0 : 1;
}
