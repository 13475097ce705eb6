#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/block.h"

// The words of a whole request that RequestScanner has accepted, as views into its bytes.

namespace plimsoll::bridge {

class RequestWords {
 public:
  RequestWords() = default;
  RequestWords(const RequestWords&) = delete;
  RequestWords& operator=(const RequestWords&) = delete;

  /// Lists the words of the request with which `bytes` begins, and takes it off `bytes`. False: the
  /// account has no memory for a long list. The words live as long as the bytes and this object.
  [[nodiscard]] bool take(std::string_view& bytes, Account& account);

  std::span<const std::string_view> view() const { return view_; }

 private:
  // Requests with more words than this need a block for the list.
  static constexpr std::size_t few_max = 32;

  std::span<const std::string_view> view_;
  std::array<std::string_view, few_max> few_;
  Block many_;
};

}  // namespace plimsoll::bridge
