#pragma once

#include <concepts>
#include <initializer_list>
#include <ranges>
#include <span>
#include <string_view>
#include <vector>

#include "plimsoll/core/resp/encoder.h"

// What a command may be given several of, in whichever form the caller has them: only for
// parameters, since they refer to the caller's.

namespace plimsoll::native {

/// Keys, members, or the words of a command: one string, {"a", "b"}, a span of string_view, or any
/// range of strings.
class Words {
 public:
  template <std::convertible_to<std::string_view> Text>
  Words(const Text& one) : one_(one), words_(&one_, 1) {}
  Words(std::initializer_list<std::string_view> words) : words_(words.begin(), words.size()) {}
  Words(std::span<const std::string_view> words) : words_(words) {}

  template <std::ranges::input_range Range>
    requires(!std::convertible_to<const Range&, std::string_view> &&
             !std::convertible_to<const Range&, std::span<const std::string_view>> &&
             std::convertible_to<std::ranges::range_reference_t<const Range&>, std::string_view>)
  Words(const Range& range) {
    for (const auto& word : range) copied_.emplace_back(word);
    words_ = copied_;
  }

  Words(const Words&) = delete;
  Words& operator=(const Words&) = delete;

  operator std::span<const std::string_view>() const { return words_; }

 private:
  std::string_view one_;
  std::vector<std::string_view> copied_;
  std::span<const std::string_view> words_;
};

/// Fields of a hash with their values: {{"a", "1"}, {"b", "2"}}, a span of ArgumentPair, or any
/// range of pairs of strings, such as a map.
class Fields {
 public:
  Fields(std::initializer_list<ArgumentPair> fields) : fields_(fields.begin(), fields.size()) {}
  Fields(std::span<const ArgumentPair> fields) : fields_(fields) {}

  template <std::ranges::input_range Range>
    requires(!std::convertible_to<const Range&, std::span<const ArgumentPair>>)
  Fields(const Range& range) {
    for (const auto& [field, value] : range) copied_.push_back(ArgumentPair{field, value});
    fields_ = copied_;
  }

  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  operator std::span<const ArgumentPair>() const { return fields_; }

 private:
  std::vector<ArgumentPair> copied_;
  std::span<const ArgumentPair> fields_;
};

}  // namespace plimsoll::native
