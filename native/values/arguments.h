#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "plimsoll/core/resp/encoder.h"

// Parameter types for arguments that a command takes several of, from whichever form the caller
// has. Use them only as parameters: they refer to the caller's strings, and live no longer than the
// call. std::initializer_list would be shorter, but gcc 12 cannot compile one in a co_await
// expression ("array used as initializer").

namespace plimsoll::inline v0::native {

/// Keys, members, or the words of a command: one string, up to 16 in braces, a span of string_view,
/// or any range of strings. Strings may hold any bytes.
class Words {
 public:
  static constexpr std::size_t braced_max = 16;
  using Argument = void;

  Words() = default;  ///< no words

  template <std::convertible_to<std::string_view>... Text>
    requires(sizeof...(Text) >= 1 && sizeof...(Text) <= braced_max)
  Words(const Text&... words) : braced_{words...}, words_(braced_.data(), sizeof...(Text)) {}

  Words(std::span<const std::string_view> words) : words_(words) {}

  template <std::ranges::input_range Range>
    requires(!std::convertible_to<const Range&, std::string_view> &&
             std::convertible_to<std::ranges::range_reference_t<const Range&>, std::string_view>)
  Words(const Range& range) {
    if constexpr (std::convertible_to<const Range&, std::span<const std::string_view>>) {
      words_ = range;
    } else if constexpr (makes_strings<std::ranges::range_reference_t<const Range&>>) {
      for (auto&& word : range) made_.emplace_back(std::forward<decltype(word)>(word));
      copied_.assign(made_.begin(), made_.end());
      words_ = copied_;
    } else {
      for (const auto& word : range) copied_.emplace_back(word);
      words_ = copied_;
    }
  }

  Words(const Words&) = delete;
  Words& operator=(const Words&) = delete;

  operator std::span<const std::string_view>() const { return words_; }

 private:
  // True for a range that makes its strings while it is walked: views of them would dangle, so
  // Words copies the strings.
  template <class Reference>
  static constexpr bool makes_strings =
      std::is_same_v<Reference, std::string> || std::is_same_v<Reference, std::string&&>;

  std::array<std::string_view, braced_max> braced_;
  std::vector<std::string> made_;
  std::vector<std::string_view> copied_;
  std::span<const std::string_view> words_;
};

/// A field of a hash, with its value.
struct Field {
  Field() = default;
  Field(std::string_view name, std::string_view value) : pair{name, value}, given(true) {}

  ArgumentPair pair;
  bool given = false;
};

/// Fields with their values: up to 8 in braces, {{"a", "1"}, {"b", "2"}}, a span of ArgumentPair,
/// or any range of pairs of strings, such as a map.
class Fields {
 public:
  using Argument = void;

  Fields(Field a, Field b = {}, Field c = {}, Field d = {}, Field e = {}, Field f = {},
         Field g = {}, Field h = {}) {
    std::size_t count = 0;
    for (const Field* field : {&a, &b, &c, &d, &e, &f, &g, &h}) {
      if (field->given) braced_[count++] = field->pair;
    }
    fields_ = std::span(braced_).first(count);
  }

  Fields(std::span<const ArgumentPair> fields) : fields_(fields) {}

  /// The pairs must exist during the call; a range that makes them while it is walked does not
  /// compile.
  template <std::ranges::input_range Range>
    requires(std::is_lvalue_reference_v<std::ranges::range_reference_t<const Range&>>)
  Fields(const Range& range) {
    if constexpr (std::convertible_to<const Range&, std::span<const ArgumentPair>>) {
      fields_ = range;
    } else {
      for (const auto& [field, value] : range) copied_.push_back(ArgumentPair{field, value});
      fields_ = copied_;
    }
  }

  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  operator std::span<const ArgumentPair>() const { return fields_; }

 private:
  std::array<ArgumentPair, 8> braced_;
  std::vector<ArgumentPair> copied_;
  std::span<const ArgumentPair> fields_;
};

/// Items that have several parts, such as scores with their members: up to 8 in braces, {{1.5,
/// "a"}, {2, "b"}}, or any contiguous range of items. Numbers likewise: {1, 2}.
template <class Item, std::size_t Parts>
class ListOf {
 public:
  using Argument = void;

  /// One item as a list in braces gives it; `given` is false where the list has ended.
  struct Braced {
    Braced() = default;
    template <class... Part>
      requires(sizeof...(Part) == Parts && std::constructible_from<Item, const Part&...>)
    Braced(const Part&... parts) : item(parts...), given(true) {}

    Item item{};
    bool given = false;
  };

  ListOf(Braced a, Braced b = {}, Braced c = {}, Braced d = {}, Braced e = {}, Braced f = {},
         Braced g = {}, Braced h = {}) {
    std::size_t count = 0;
    for (const Braced* braced : {&a, &b, &c, &d, &e, &f, &g, &h}) {
      if (braced->given) braced_[count++] = braced->item;
    }
    items_ = std::span(braced_).first(count);
  }

  ListOf(std::span<const Item> items) : items_(items) {}

  template <std::ranges::contiguous_range Range>
    requires(std::convertible_to<const Range&, std::span<const Item>>)
  ListOf(const Range& range) : items_(range) {}

  /// Members with their scores, such as a map. They must exist during the call.
  template <std::ranges::input_range Range>
    requires requires(std::ranges::range_value_t<Range> each) {
      { each.first } -> std::convertible_to<std::string_view>;
      { each.second } -> std::convertible_to<double>;
    }
  ListOf(const Range& range) {
    for (const auto& [member, score] : range) copied_.push_back(Item{score, member});
    items_ = copied_;
  }

  ListOf(const ListOf&) = delete;
  ListOf& operator=(const ListOf&) = delete;

  operator std::span<const Item>() const { return items_; }

 private:
  std::array<Item, 8> braced_{};
  std::vector<Item> copied_;
  std::span<const Item> items_;
};

using Integers = ListOf<std::int64_t, 1>;

}  // namespace plimsoll::inline v0::native
