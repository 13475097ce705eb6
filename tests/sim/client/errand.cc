#include "plimsoll/tests/sim/client/errand.h"

namespace plimsoll::sim {

std::string text_of(const Value& value) {
  const auto bytes = value.as_bytes();
  if (!bytes) return {};
  std::string text(bytes->size(), '\0');
  bytes->copy_to(text.data());
  return text;
}

}  // namespace plimsoll::sim
