#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <string>
#include <utility>

#include "plimsoll/core/resp/reply.h"
#include "plimsoll/core/resp/value.h"

namespace plimsoll::inline v0::native {

using plimsoll::Type;
using plimsoll::Value;

/// A whole reply, of the type that the server sent. Move-only. The replies pool pays for its bytes
/// as long as it lives. It may live longer than its client, and be released on any thread. An error
/// reply is not a Reply: the call fails with an Error.
class Reply {
 public:
  Reply() = default;
  explicit Reply(plimsoll::Reply reply) : reply_(std::move(reply)) {}

  /// Returns a view of the reply, which lives as long as this Reply, also if the Reply is moved.
  /// Read it with as<T>(), elements() and entries() (decode.h), which throw, or with its members,
  /// which do not.
  Value value() const { return reply_.value(); }

  /// Returns the reply as one line of text, for logs and debugging.
  std::string to_string() const;

 private:
  plimsoll::Reply reply_;
};

/// Returns a copy of the bytes.
std::string to_string(const BytesView& bytes);

/// Returns any value as one line of text, like Reply::to_string().
std::string to_string(const Value& value);

}  // namespace plimsoll::inline v0::native
