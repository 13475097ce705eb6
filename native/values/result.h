#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <optional>
#include <utility>

#include "plimsoll/error.h"

namespace plimsoll::inline v0::native {

/// The value of a call, or the error that it ended with. Check it before you use `*result`; value()
/// throws the error instead.
template <class T>
class [[nodiscard]] Result {
 public:
  /// Success, with a default T.
  Result() = default;
  Result(T value) : value_(std::move(value)) {}
  Result(Error error) : error_(std::move(error)) {}

  bool has_value() const { return !error_; }
  explicit operator bool() const { return has_value(); }

  T& value() & {
    if (error_) throw *error_;
    return value_;
  }
  const T& value() const& {
    if (error_) throw *error_;
    return value_;
  }
  /// Returns by value, so that in `for (auto& x : *co_await call)` the range lives as long as the
  /// loop.
  T value() && { return std::move(value()); }

  /// Only if the result is true: these do not check.
  T& operator*() & { return value_; }
  const T& operator*() const& { return value_; }
  T operator*() && { return std::move(value_); }
  T* operator->() { return &value_; }
  const T* operator->() const { return &value_; }

  /// Only if the result is false.
  const Error& error() const { return *error_; }

  /// Makes the result false. The value stays where it is, as long as the result lives.
  void fail(Error error) { error_ = std::move(error); }

 private:
  // Two members, not a variant: a result is moved from thread to thread for every call, and errors
  // are rare.
  T value_{};
  std::optional<Error> error_;
};

/// Success, or the error that the call ended with.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool has_value() const { return !error_; }
  explicit operator bool() const { return has_value(); }
  void value() const {
    if (error_) throw *error_;
  }
  const Error& error() const { return *error_; }
  void fail(Error error) { error_ = std::move(error); }

 private:
  std::optional<Error> error_;
};

}  // namespace plimsoll::inline v0::native
