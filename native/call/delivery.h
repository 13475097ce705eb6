#pragma once

#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "plimsoll/core/client/client.h"
#include "plimsoll/core/resp/reader.h"
#include "plimsoll/decode.h"

namespace plimsoll::native {

/// The outcome of an operation as the core presents it: views that live until deliver() returns.
struct Delivery {
  const Value* value = nullptr;            ///< the reply; also an error reply
  const plimsoll::Error* error = nullptr;  ///< null: success
  plimsoll::Client* core = nullptr;        ///< whose event this is, where there is a value
  const std::string* detail = nullptr;     ///< what the transport adds to the error
  const Error* failure = nullptr;          ///< an error that has its words already
  std::string_view wire{};                 ///< a value that the cache had: all of its bytes
  void* made = nullptr;                    ///< what a T that receives it so is made of
  std::uint16_t answers_owed = 0;          ///< behind a part (Operation::deliver_part())
};

/// A T that makes itself of an outcome, be that an error: `receive(delivery, t)`, found beside T.
template <class T>
concept Receiving = requires(const Delivery& delivery, T& t) {
  { receive(delivery, t) } -> std::same_as<Result<void>>;
};
template <class T>
concept ReceivingParts = requires(const Delivery& delivery, T& t) { receive_part(delivery, t); };

/// The error of a delivery, in words.
Error to_error(const Delivery& delivery);

/// Whether the server may have executed the request that came to this.
Executed executed(const Delivery& delivery) noexcept;

namespace detail {

// The reply, or why there is none. Inline, since take() is called for every reply.
template <class T>
[[gnu::always_inline]] inline void put(const Delivery& delivery, Result<T>& result) {
  if constexpr (Receiving<T>) {
    if (auto received = receive(delivery, *result); !received) result.fail(received.error());
  } else if (delivery.error != nullptr || delivery.failure != nullptr) {
    result = to_error(delivery);
  } else if constexpr (std::is_same_v<T, Reply>) {
    auto kept = delivery.wire.empty()
                    ? delivery.core->keep_reply()
                    : plimsoll::Reader::copy_of(delivery.wire, delivery.core->replies_account());
    if (kept) {
      result = Reply(*std::move(kept));
    } else {
      result = Error(kept.error());
    }
  } else if constexpr (!std::is_void_v<T>) {
    if (const auto status = decode(*delivery.value, *result); !status) {
      result = Error(status.error());
    }
  }
}

// What the exception that is being handled, a decode()'s or the allocator's, makes of a call. It
// needs no memory where there is none.
Error to_error_of_exception(const Delivery& delivery) noexcept;

}  // namespace detail

/// Puts the outcome into `result`, which holds a T as it was made. Returns whether that is a value.
/// Never throws: a decode() may be the user's, any may run out of memory, and behind this outcome
/// come those of others.
template <class T>
bool take(const Delivery& delivery, Result<T>& result) noexcept {
  try {
    detail::put(delivery, result);
  } catch (...) {
    result.fail(detail::to_error_of_exception(delivery));
  }
  return result.has_value();
}

/// Adds what comes before the outcome.
template <class T>
void take_part(const Delivery& delivery, Result<T>& result) noexcept {
  if constexpr (ReceivingParts<T>) {
    try {
      receive_part(delivery, *result);
    } catch (const std::exception&) {  // no memory for it: the outcome follows all the same
    }
  }
}

}  // namespace plimsoll::native
