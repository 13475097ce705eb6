#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/base/error.h"

// A value or an Error. Asking for the one that is absent is a bug in the caller; a CHECK catches
// it.

namespace plimsoll::inline v0 {

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(const Error& error) : state_(std::in_place_index<1>, error) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    PLIMSOLL_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    PLIMSOLL_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  /// Returns by value: with a reference, the loop in `for (auto x : *make())` would walk over a
  /// Result that no longer exists.
  T value() && { return std::move(value()); }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    PLIMSOLL_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

/// Success, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(const Error& error) : error_(error) {}

  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  const Error& error() const {
    PLIMSOLL_CHECK(!ok());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace plimsoll::inline v0
