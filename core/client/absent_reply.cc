#include "plimsoll/core/client/absent_reply.h"

namespace plimsoll::inline v0 {
namespace {

// Stops at the first value that only a key that exists can have. Recurses as deep as the parser
// lets a reply be.
bool says_nothing(const Value& value) {
  switch (value.type()) {
    case Type::null: return true;
    case Type::boolean: return !*value.as_boolean();
    case Type::integer: return *value.as_integer() <= 0;
    case Type::real: {
      const Result<double> number = value.as_real();
      return !number || !(*number > 0);
    }
    case Type::simple_string: {
      const auto text = value.as_bytes();
      return !text || *text == "none";
    }
    case Type::bulk_string: {
      const auto bytes = value.as_bytes();
      return !bytes || bytes->size() == 0;
    }
    case Type::array:
    case Type::set:
    case Type::map: {
      const auto elements = value.as_elements();
      if (!elements) return true;
      for (const Value element : *elements) {
        if (!says_nothing(element)) return false;
      }
      return true;
    }
    default: return false;
  }
}

}  // namespace

bool may_be_of_absent_key(const commands::Question& question, const Value& reply) {
  return commands::is_get(question) ? reply.is_null() : says_nothing(reply);
}

}  // namespace plimsoll::inline v0
