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
// instead (wrong_type). Overload it for a type of your own to use that with Client::command<T>().

namespace plimsoll::native {

/// What a command says that stores only under a condition: whether it did.
struct Stored {
  bool yes = false;
  explicit operator bool() const { return yes; }
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

/// `value` as a T, whatever decode() knows; throws Error (wrong_type) where it is something else.
/// The members of Value do not throw, and must be asked whether they have a result.
template <class T>
T as(const Value& value) {
  T out{};
  if (const auto status = decode(value, out); !status) throw Error(status.error());
  return out;
}

/// The elements of an array, a set or a push; throws Error (wrong_type). Views of the reply.
Elements elements(const Value& value);

/// The pairs of a map, or of an array of even length; throws Error (wrong_type). Views of the
/// reply.
Entries entries(const Value& value);

}  // namespace plimsoll::native
