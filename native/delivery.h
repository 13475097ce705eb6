#pragma once

#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "plimsoll/core/client/client.h"
#include "plimsoll/native/decode.h"

namespace plimsoll::native {

class Client;
class Driver;

/// The outcome of an operation as the core presents it: views that live until deliver() returns.
struct Delivery {
  const Value* value = nullptr;            ///< the reply; also an error reply
  const plimsoll::Error* error = nullptr;  ///< null: success
  plimsoll::Client* core = nullptr;        ///< whose event this is, where there is a value
  const std::string* detail = nullptr;     ///< what the transport adds to the error
  const Error* failure = nullptr;          ///< an error that has its words already
  Driver* driver = nullptr;                ///< of a client that is connected now
  std::string_view wire{};                 ///< a value that the cache had: all of its bytes
  void* made = nullptr;                    ///< the value itself, for a T that receives it so
  std::uint16_t answers_owed = 0;          ///< behind a part (Operation::deliver_part())
};

/// A T that makes itself of an outcome, be that an error: `receive(delivery, t)`, found beside T.
template <class T>
concept Receiving = requires(const Delivery& delivery, T& t) {
  { receive(delivery, t) } -> std::same_as<Result<void>>;
};
template <class T>
concept ReceivingParts = requires(const Delivery& delivery, T& t) { receive_part(delivery, t); };

std::shared_ptr<Driver> share(Driver& driver);

/// The error of a delivery, in words.
Error to_error(const Delivery& delivery);

/// Puts the outcome into `result`, which holds a T as it was made.
template <class T>
void take(const Delivery& delivery, Result<T>& result) {
  if constexpr (Receiving<T>) {
    try {
      if (auto received = receive(delivery, *result); !received) result.fail(received.error());
    } catch (const std::exception& problem) {
      result.fail(Error(ErrorCode::wrong_type, Executed::yes,
                        std::string("decoding the reply failed: ") + problem.what()));
    }
  } else if (delivery.error != nullptr || delivery.failure != nullptr) {
    result = to_error(delivery);
  } else if constexpr (std::is_same_v<T, Client>) {
    result = T(share(*delivery.driver));
  } else if constexpr (std::is_same_v<T, Reply>) {
    auto kept = delivery.wire.empty()
                    ? delivery.core->keep_reply()
                    : plimsoll::Reply::copy_of(delivery.wire, delivery.core->replies_account());
    if (kept) {
      result = Reply(*std::move(kept));
    } else {
      result = Error(kept.error());
    }
  } else if constexpr (!std::is_void_v<T>) {
    // A decode() may be the user's, and any may run out of memory: the others' replies come behind.
    try {
      if (const auto status = decode(*delivery.value, *result); !status) {
        result = Error(status.error());
      }
    } catch (const std::exception& problem) {
      result = Error(ErrorCode::wrong_type, Executed::yes,
                     std::string("decoding the reply failed: ") + problem.what());
    }
  }
}

/// Adds what comes before the outcome.
template <class T>
void take_part(const Delivery& delivery, Result<T>& result) {
  if constexpr (ReceivingParts<T>) {
    try {
      receive_part(delivery, *result);
    } catch (const std::exception&) {  // no memory for it: the outcome follows all the same
    }
  }
}

}  // namespace plimsoll::native
