#pragma once

#include <string>
#include <utility>

#include "plimsoll/core/resp/reply.h"
#include "plimsoll/core/resp/value.h"

namespace plimsoll::native {

using plimsoll::Type;
using plimsoll::Value;

/// A whole reply, of whatever type the server sent; move-only. It pays for its bytes in the replies
/// pool for as long as it lives, which may be longer than its client's life, and may be released on
/// any thread. Error replies are not Replies: they are Errors.
class Reply {
 public:
  Reply() = default;
  explicit Reply(plimsoll::Reply reply) : reply_(std::move(reply)) {}

  /// Typed access; the views it gives live as long as this Reply. as<T>(), elements() and entries()
  /// (decode.h) read it with exceptions.
  Value value() const { return reply_.value(); }

  /// The reply as people would write it down, on one line: for logs and debugging.
  std::string to_string() const;

 private:
  plimsoll::Reply reply_;
};

/// The bytes as a string of their own.
std::string to_string(const BytesView& bytes);

/// Any value, as Reply::to_string() does.
std::string to_string(const Value& value);

}  // namespace plimsoll::native
