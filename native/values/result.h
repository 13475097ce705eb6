#pragma once

#include <optional>
#include <utility>

#include "plimsoll/error.h"

namespace plimsoll::native {

/// The value of a call, or why there is none. value() throws that; *result may only be asked for
/// where the result is true.
template <class T>
class [[nodiscard]] Result {
 public:
  /// A T as it is made by default.
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
  /// By value, so that `for (auto& x : *co_await call)` does not outlive what it walks over.
  T value() && { return std::move(value()); }

  T& operator*() & { return value_; }
  const T& operator*() const& { return value_; }
  T operator*() && { return std::move(value_); }
  T* operator->() { return &value_; }
  const T* operator->() const { return &value_; }

  /// Only where the result is false.
  const Error& error() const { return *error_; }

  /// Makes it false; the value stays where it is, for as long as the result lives.
  void fail(Error error) { error_ = std::move(error); }

 private:
  // Side by side, not a variant: results are moved from thread to thread for every call, and errors
  // are rare.
  T value_{};
  std::optional<Error> error_;
};

/// Success, or why not.
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

}  // namespace plimsoll::native
