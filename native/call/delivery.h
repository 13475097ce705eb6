#pragma once

#include <concepts>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "plimsoll/core/client/client.h"
#include "plimsoll/core/resp/reader.h"
#include "plimsoll/decode.h"

namespace plimsoll::inline v0::native {

/// The outcome of an operation, as the core presents it. The views live until deliver() returns.
struct Delivery {
  const Value* value = nullptr;            ///< the reply; also an error reply
  const plimsoll::Error* error = nullptr;  ///< null: success
  plimsoll::Client* core = nullptr;        ///< the client that the reply comes from, if any
  const std::string* detail = nullptr;     ///< what the transport adds to the error
  const Error* failure = nullptr;          ///< an error that has its text already
  std::string_view wire{};                 ///< all bytes of a value that comes from the cache
  void* made = nullptr;                    ///< the object that receive() makes its T from, if any
  std::uint16_t answers_owed = 0;          ///< replies still to come (Operation::deliver_part())
};

/// A T that is made from the whole outcome, also from an error: `receive(delivery, t)`, found in
/// T's namespace.
template <class T>
concept Receiving = requires(const Delivery& delivery, T& t) {
  { receive(delivery, t) } -> std::same_as<Result<void>>;
};
template <class T>
concept ReceivingParts = requires(const Delivery& delivery, T& t) { receive_part(delivery, t); };

/// Makes the Error of a delivery that has one.
Error to_error(const Delivery& delivery);

/// Whether the server may have executed the request that ended with this delivery.
Executed executed(const Delivery& delivery) noexcept;

namespace detail {

// Puts the reply into `result`, or why there is none. Inline, since take() is called for every
// reply.
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
      *result = Reply(std::move(*kept));
    } else {
      result = Error(kept.error());
    }
  } else if constexpr (!std::is_void_v<T>) {
    if (const auto status = decode(*delivery.value, *result); !status) {
      result = Error(status.error());
    }
  }
}

// Makes the call's Error from the exception that is being handled, which a decode() or the
// allocator threw. Needs no memory if the exception is std::bad_alloc.
Error to_error_of_exception(const Delivery& delivery) noexcept;

// take() for every T and every outcome.
template <class T>
[[gnu::noinline]] bool take_any(const Delivery& delivery, Result<T>& result) noexcept {
  try {
    put(delivery, result);
  } catch (...) {
    result.fail(to_error_of_exception(delivery));
  }
  return result.has_value();
}

template <class T>
concept IsText = std::is_same_v<T, std::string> || std::is_same_v<T, std::optional<std::string>>;

// Puts a reply that is a string in one piece into `out`, as most replies are. Returns false for any
// other outcome, and if there is no memory for the string.
template <IsText T>
bool put_plain_text(const Delivery& delivery, T& out) noexcept {
  if (delivery.error != nullptr || delivery.failure != nullptr) return false;
  const Node& node = *delivery.value->node();
  if (node.type != Type::bulk_string || node.split) return false;
  try {
    if constexpr (std::is_same_v<T, std::string>) {
      out.assign(node.bytes, node.size);
    } else {
      out.emplace(node.bytes, node.size);
    }
  } catch (const std::exception&) {
    return false;
  }
  return true;
}

}  // namespace detail

/// Puts the outcome into `result`, which holds the T to fill. Returns whether the result is a
/// value. Never throws, although a decode() may be the user's, and any may run out of memory: the
/// outcomes of other calls come after this one.
template <class T>
bool take(const Delivery& delivery, Result<T>& result) noexcept {
  if constexpr (detail::IsText<T>) {
    if (detail::put_plain_text(delivery, *result)) return true;
  }
  return detail::take_any(delivery, result);
}

/// Adds a part that comes before the outcome, if T takes parts.
template <class T>
void take_part(const Delivery& delivery, Result<T>& result) noexcept {
  if constexpr (ReceivingParts<T>) {
    try {
      receive_part(delivery, *result);
    } catch (const std::exception&) {  // no memory for the part: the outcome comes all the same
    }
  }
}

}  // namespace plimsoll::inline v0::native
