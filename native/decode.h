#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "plimsoll/core/resp/value.h"
#include "plimsoll/native/reply.h"
#include "plimsoll/native/result.h"

// From replies to the types of C++: decode(value, out) fills `out` or says what the reply was
// instead (wrong_type). Overload it for a type of your own to use that with Client::call<T>().

namespace plimsoll::native {

/// What a command says that stores only under a condition: whether it did.
struct Stored {
  bool yes = false;
};

plimsoll::Status decode(const Value& value, std::string& out);
plimsoll::Status decode(const Value& value, std::optional<std::string>& out);
plimsoll::Status decode(const Value& value, std::int64_t& out);
plimsoll::Status decode(const Value& value, double& out);
plimsoll::Status decode(const Value& value, bool& out);
plimsoll::Status decode(const Value& value, Stored& out);
plimsoll::Status decode(const Value& value, std::unordered_map<std::string, std::string>& out);

template <class T>
plimsoll::Status decode(const Value& value, std::optional<T>& out) {
  if (value.is_null()) {
    out.reset();
    return {};
  }
  return decode(value, out.emplace());
}

/// Arrays and sets.
template <class T>
plimsoll::Status decode(const Value& value, std::vector<T>& out) {
  const auto elements = value.as_elements();
  if (!elements) return elements.error();
  out.clear();
  out.reserve(elements->size());
  for (const Value& element : *elements) {
    if (const auto status = decode(element, out.emplace_back()); !status) return status;
  }
  return {};
}

}  // namespace plimsoll::native
