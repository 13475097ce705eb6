#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/resp/parser.h"
#include "plimsoll/core/resp/tape.h"
#include "plimsoll/core/resp/value.h"

// Writes replies as RESP3 bytes in one piece, and reads them back: the cache keeps replies this
// way.

namespace plimsoll::inline v0 {

/// The first byte of a value of this type on the wire, in RESP3.
char sign_of(Type type);

/// Whether a value of this type is a line of text: a sign, the text, CR LF.
constexpr bool is_line(Type type) {
  return type == Type::simple_string || type == Type::simple_error || type == Type::real ||
         type == Type::big_number;
}

/// The number of bytes that write_wire() writes.
std::size_t wire_size(const Value& value);

/// Writes the value as a server sends it in RESP3, wire_size() bytes, and returns the end.
///
/// A reply that was sent without streaming comes out byte for byte the same, except that attributes
/// are left out, the nulls of RESP2 become `_`, and needless signs and leading zeros of numbers and
/// lengths are gone.
char* write_wire(const Value& value, char* out);

/// Reads replies that lie in one piece, one at a time. A reply that is no aggregate needs no
/// memory.
class WireReader {
 public:
  /// `payer` pays for the nodes of an aggregate beyond Tape::inline_nodes, and must outlive this.
  explicit WireReader(Account& payer) : payer_(payer) {}
  WireReader(const WireReader&) = delete;
  WireReader& operator=(const WireReader&) = delete;

  /// Reads `wire`: one whole reply, as write_wire() or a server wrote it. The value is valid until
  /// the next read(), as long as `wire` and this live. Fails with reply_too_large if the account
  /// has no memory.
  Result<Value> read(std::string_view wire) {
    if (read_scalar(wire)) return Value(&node_);
    return read_any(wire);
  }

  /// Releases the memory for the last value, which ends with that.
  void clear() {
    if (parsing_) parsing_->tape.clear();
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
  std::optional<Parsing> parsing_;  // made by the first reply that is no scalar
};

}  // namespace plimsoll::inline v0
