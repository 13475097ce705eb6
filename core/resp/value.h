#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/resp/bytes_view.h"
#include "plimsoll/core/resp/node.h"

// Typed access to a reply. The parser writes a reply to a tape, a flat row of nodes (node.h): one
// node for each value, an aggregate's before those of its elements, an attribute's before the value
// that it describes. A Value is a pointer to a node: it is valid as long as the reply or the event
// that it came from. Each as_...() fails with wrong_type if the reply is of another type.

namespace plimsoll::inline v0 {

/// Returns the name of a type for error texts: "bulk string", "map", ...
const char* name(Type type);

/// The bytes before the colon of a verbatim string.
using VerbatimFormat = std::array<char, 3>;
inline constexpr std::uint32_t verbatim_format_bytes = 4;  // with the colon

class Elements;
class Entries;

class Value {
 public:
  /// `node` is the value's own node, or the attribute before it, or a link to one of these (a tape
  /// is stored in pieces, and a link says where it continues).
  explicit Value(const Node* node) : node_(node) {
    if (node->type == Type::attribute || node->type == Type::link) pass_attributes();
  }

  Type type() const { return node_->type; }
  bool is_null() const { return node_->type == Type::null; }

  /// Whether this is the null array of RESP2, "*-1": what EXEC answers there if a watched key has
  /// changed, and BLPOP if its time is over. RESP2's other null is "$-1"; RESP3 has one null.
  bool is_null_array() const { return is_null() && node_->integer == 1; }

  bool is_error() const {
    return node_->type == Type::simple_error || node_->type == Type::bulk_error;
  }

  Result<std::int64_t> as_integer() const;

  /// A boolean, or an integer 0 or 1: RESP2 has no booleans.
  Result<bool> as_boolean() const;

  /// A double, an integer, or a bulk string with the text of a double: RESP2 has no doubles.
  Result<double> as_real() const;

  /// The bytes of a string, or the text of a double or big number; a verbatim string without its
  /// format.
  Result<BytesView> as_bytes() const;

  /// The text of an error reply: "ERR unknown command...".
  Result<BytesView> as_error() const;

  /// The format of a verbatim string, such as "txt" or "mkd".
  Result<VerbatimFormat> as_format() const;

  /// The elements of an array, a set or a push; the keys and values of a map in turn.
  Result<Elements> as_elements() const;

  /// The pairs of a map, or of an array of even length: RESP2 has no maps.
  Result<Entries> as_entries() const;

  /// The pairs of the attribute that came with this value. Usually empty.
  Entries attributes() const;

  const Node* node() const { return node_; }

 private:
  friend class Elements;

  void pass_attributes();
  Error wrong(const char* expected) const;

  const Node* node_;
  const Node* attribute_ = nullptr;
};

/// The values of an aggregate in order; iterates as a range.
class Elements {
 public:
  class Iterator {
   public:
    Iterator(const Node* node, std::size_t left) : node_(node), left_(left) {}
    Value operator*() const { return Value(node_); }
    Iterator& operator++() {
      // There may be no node behind the last element, so this does not look there.
      if (--left_ > 0) node_ = is_one_node(*node_) ? node_ + 1 : next();
      return *this;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.left_ == b.left_; }

   private:
    const Node* next() const;

    const Node* node_;
    std::size_t left_;
  };

  Elements(const Node* first, std::size_t count) : first_(first), count_(count) {}

  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  Iterator begin() const { return {first_, count_}; }
  Iterator end() const { return {nullptr, 0}; }

 private:
  const Node* first_;
  std::size_t count_;
};

struct Entry {
  Value key;
  Value value;
};

/// The pairs of a map in order; iterates as a range of Entry.
class Entries {
 public:
  class Iterator {
   public:
    explicit Iterator(Elements::Iterator at) : at_(at) {}
    Entry operator*() const {
      Elements::Iterator value = at_;
      return {*at_, *++value};
    }
    Iterator& operator++() {
      ++ ++at_;
      return *this;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

   private:
    Elements::Iterator at_;
  };

  explicit Entries(Elements keys_and_values) : elements_(keys_and_values) {}

  std::size_t size() const { return elements_.size() / 2; }
  bool empty() const { return elements_.empty(); }
  Iterator begin() const { return Iterator(elements_.begin()); }
  Iterator end() const { return Iterator(elements_.end()); }

 private:
  Elements elements_;
};

}  // namespace plimsoll::inline v0
