#include "plimsoll/string_map.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace plimsoll::inline v0::native {
namespace {

using Pair = StringMap::value_type;

// Memory for pairs, and behind them for the bytes of their strings.
std::byte* allocate(std::size_t pairs, std::size_t bytes) {
  return static_cast<std::byte*>(::operator new(pairs * sizeof(Pair) + bytes));
}

// Copies the bytes of `string`, and moves `at` behind them. Most strings are bulk strings in one
// piece, for which this takes a short cut.
std::string_view copy(const Value& string, char*& at) {
  char* const copied = at;
  const Node& node = *string.node();
  if (node.type == Type::bulk_string && !node.split) {
    std::memcpy(at, node.bytes, node.size);
    at += node.size;
  } else {
    const BytesView bytes = *string.as_bytes();
    bytes.copy_to(at);
    at += bytes.size();
  }
  return {copied, at};
}

// Adds up the bytes of all strings.
plimsoll::Result<std::size_t> sum_sizes(const Elements& strings) {
  std::size_t sum = 0;
  for (const Value& each : strings) {
    if (each.type() == Type::bulk_string) {
      sum += each.node()->size;
    } else if (const auto bytes = each.as_bytes()) {
      sum += bytes->size();
    } else {
      return bytes.error();
    }
  }
  return sum;
}

}  // namespace

StringMap::StringMap(const StringMap& other) : size_(other.size_) {
  if (empty()) return;
  // The strings lie one behind the other, in the order of the pairs.
  const char* const from = other.begin()->first.data();
  const std::string_view last = other.begin()[size_ - 1].second;
  const auto bytes = static_cast<std::size_t>(last.data() + last.size() - from);
  block_.reset(allocate(size_, bytes));
  char* const to = reinterpret_cast<char*>(block_.get() + size_ * sizeof(Pair));
  std::memcpy(to, from, bytes);
  const auto moved = [&](std::string_view string) {
    return std::string_view(to + (string.data() - from), string.size());
  };
  Pair* pair = reinterpret_cast<Pair*>(block_.get());
  for (const auto& [key, value] : other) new (pair++) Pair(moved(key), moved(value));
}

StringMap::const_iterator StringMap::find(std::string_view key) const {
  return std::find_if(begin(), end(), [&](const Pair& pair) { return pair.first == key; });
}

std::string_view StringMap::at(std::string_view key) const {
  const const_iterator found = find(key);
  if (found == end()) throw std::out_of_range("StringMap::at: no key '" + std::string(key) + "'");
  return found->second;
}

bool operator==(const StringMap& a, const StringMap& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

plimsoll::Status decode(const Value& value, StringMap& out) {
  const auto entries = value.as_entries();
  if (!entries) return entries.error();
  const Elements strings = *value.as_elements();
  const auto bytes = sum_sizes(strings);
  if (!bytes) return bytes.error();

  out = StringMap();
  if (strings.empty()) return {};
  out.block_.reset(allocate(entries->size(), *bytes));
  Pair* pair = reinterpret_cast<Pair*>(out.block_.get());
  char* at = reinterpret_cast<char*>(pair + entries->size());
  for (auto string = strings.begin(); string != strings.end(); ++string, ++pair) {
    const std::string_view key = copy(*string, at);
    new (pair) Pair(key, copy(*++string, at));
  }
  out.size_ = entries->size();
  return {};
}

}  // namespace plimsoll::inline v0::native
