#include <urn/core/token.hpp>
#include <urn/version.hpp>

int main() {
  constexpr urn::token_id token = urn::no_token;
  return token == -1 &&
                 urn::version == urn::version_number{URN_VERSION_MAJOR, URN_VERSION_MINOR, URN_VERSION_PATCH}
             ? 0
             : 1;
}
