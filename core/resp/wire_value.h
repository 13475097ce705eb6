#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/resp/parser.h"
#include "plimsoll/core/resp/tape.h"
#include "plimsoll/core/resp/value.h"

// Replies as bytes in one piece, and back: how the cache keeps them.

namespace plimsoll {

/// Bytes of write_wire().
std::size_t wire_size(const Value& value);

/// Writes the value as a server sends it in RESP3, wire_size() bytes, and returns the end.
///
/// What was sent without streaming is the same byte for byte, but for: attributes, which are left
/// out; the nulls of RESP2, which are all `_`; signs and zeros that a number or a length could do
/// without.
char* write_wire(const Value& value, char* out);

/// Reads one reply at a time that lies in one piece. What is no aggregate needs no memory.
class WireReader {
 public:
  /// What the nodes of an aggregate need beyond Tape::inline_nodes is charged to `payer`.
  explicit WireReader(Account& payer) : payer_(payer) {}
  WireReader(const WireReader&) = delete;
  WireReader& operator=(const WireReader&) = delete;

  /// `wire` is one whole reply, as write_wire() or a server wrote it. The value lives as long as
  /// `wire` and this, until the next read(). reply_too_large where the account has no memory.
  Result<Value> read(std::string_view wire) {
    if (read_scalar(wire)) return Value(&node_);
    return read_any(wire);
  }

 private:
  struct Parsing {
    explicit Parsing(Account& payer) : tape(payer) {}
    Tape tape;
    Parser parser{tape};
  };

  bool read_scalar(std::string_view wire);
  Result<Value> read_any(std::string_view wire);

  Account& payer_;
  Node node_{};
  std::optional<Parsing> parsing_;  // of nothing while only scalars are read
};

}  // namespace plimsoll
