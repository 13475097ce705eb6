#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <concepts>
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "plimsoll/core/resp/value.h"
#include "plimsoll/result.h"

namespace plimsoll::inline v0::native {

/// The pairs of a map of strings, as HGETALL gives them: in the server's order, all in one block of
/// memory. What it hands out are views that live as long as it; moving it keeps them valid.
///
/// find() looks at one key after the other. If you look up many keys of a large map, convert it to
/// a map of the standard library first:
/// `std::unordered_map<std::string, std::string> fields = co_await client.hgetall(key)`.
class StringMap {
 public:
  using key_type = std::string_view;
  using mapped_type = std::string_view;
  using value_type = std::pair<std::string_view, std::string_view>;
  using size_type = std::size_t;
  using const_iterator = const value_type*;
  using iterator = const_iterator;

  StringMap() = default;
  StringMap(const StringMap& other);
  StringMap(StringMap&& other) noexcept
      : block_(std::move(other.block_)), size_(std::exchange(other.size_, 0)) {}
  StringMap& operator=(StringMap other) noexcept {
    block_.swap(other.block_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~StringMap() = default;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const_iterator begin() const { return reinterpret_cast<const value_type*>(block_.get()); }
  const_iterator end() const { return begin() + size_; }

  /// Returns end() if there is no such key.
  const_iterator find(std::string_view key) const;
  bool contains(std::string_view key) const { return find(key) != end(); }
  /// Throws std::out_of_range, which names the key, if there is no such key.
  std::string_view at(std::string_view key) const;

  /// Copies all to a map of strings of the standard library, or one like it.
  template <class Map>
    requires std::constructible_from<typename Map::key_type, std::string_view> &&
             std::constructible_from<typename Map::mapped_type, std::string_view>
  operator Map() const {
    Map map;
    for (const auto& [key, value] : *this) {
      map.emplace(typename Map::key_type(key), typename Map::mapped_type(value));
    }
    return map;
  }

  /// Whether both have the same pairs in the same order.
  friend bool operator==(const StringMap& a, const StringMap& b);

 private:
  friend plimsoll::Status decode(const Value& value, StringMap& out);

  struct Free {
    void operator()(std::byte* block) const { ::operator delete(block); }
  };
  using Block = std::unique_ptr<std::byte, Free>;

  // The pairs, and behind them the bytes that they view.
  Block block_;
  std::size_t size_ = 0;
};

/// Decodes a map whose keys and values are text, also if it comes as an array of keys and values in
/// turn.
plimsoll::Status decode(const Value& value, StringMap& out);

}  // namespace plimsoll::inline v0::native
