// expect-error: what is joined to a stop criterion by | is none: it needs `State start() const` and
#include "urn/urn.hpp"

struct two_tokens {
  static int start() { return 0; }
#ifdef URN_COMPILES
  static urn::stop_decision update(int& seen, const urn::stop_input&) {
    return {.reason = ++seen == 2 ? urn::stop_reason::stop : urn::stop_reason::none};
  }
#else
  static bool update(int& seen, const urn::stop_input&) { return ++seen == 2; }
#endif
};

const auto stop = urn::max_tokens{64} | two_tokens{};
