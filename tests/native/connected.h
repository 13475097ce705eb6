#pragma once

#include <future>
#include <string_view>
#include <utility>

#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/finish.h"
#include "plimsoll/tests/native/patience.h"

// For tests that block: a client on the shared thread, and what its calls come to.

namespace plimsoll::testing {

inline native::Client connected(std::string_view url, native::Options options = patient_options()) {
  return finish(native::connect(url, std::move(options), boost::asio::use_future)).value();
}

/// The value of a call in its default form, or its error as an exception.
template <class T>
T finish(native::Call<T> call) {
  return finish(std::move(call)(boost::asio::use_future));
}

/// The same of a call that was given asio::use_future.
template <class T>
T value_of(std::future<native::Result<T>> call) {
  return finish(std::move(call)).value();
}

/// The error of a call that must have one.
template <class T>
native::Error error_of(std::future<native::Result<T>> call) {
  const native::Result<T> result = finish(std::move(call));
  if (result) throw std::runtime_error("a call succeeded that should have failed");
  return result.error();
}

}  // namespace plimsoll::testing
