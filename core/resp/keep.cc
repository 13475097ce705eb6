// How a frame outlives its event: Reader::keep().

#include <array>
#include <cstring>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/resp/reader.h"

namespace plimsoll {
namespace {

bool has_bytes(Type type) {
  switch (type) {
    case Type::real:
    case Type::big_number:
    case Type::simple_string:
    case Type::bulk_string:
    case Type::verbatim:
    case Type::simple_error:
    case Type::bulk_error: return true;
    case Type::null:
    case Type::boolean:
    case Type::integer:
    case Type::array:
    case Type::set:
    case Type::map:
    case Type::push:
    case Type::attribute:
    case Type::piece:
    case Type::link: return false;
  }
  return false;
}

// Walks a tape node by node, in the order of the wire, over links.
class Walk {
 public:
  explicit Walk(const Tape& tape) : at_(tape.first()), left_(tape.size()) {}

  bool done() const { return left_ == 0; }
  const Node* next() {
    at_ = follow(at_);
    --left_;
    return at_++;
  }

  /// Whether the node that comes next, or the link before it, is `end`.
  bool is_at(const Node* end) const { return at_ == end || (left_ > 0 && follow(at_) == end); }

 private:
  const Node* at_;
  std::size_t left_;
};

// Copies a tape and the bytes that it points at into one block: each string whole, aggregates with
// their ends where they are now.
class Copier {
 public:
  Copier(Node* nodes, char* bytes) : node_(nodes), bytes_(bytes) {}

  void copy(const Tape& tape) {
    Walk walk(tape);
    while (!walk.done()) {
      close_at(walk);
      const Node* const from = walk.next();
      if (from->type == Type::piece) continue;  // copied with its string
      Node& to = *node_++ = *from;
      if (is_aggregate(from->type)) {
        open_[open_count_++] = {from->end, &to};
      } else if (has_bytes(from->type)) {
        copy_bytes(*from, to);
      }
    }
    close_at(walk);
    PLIMSOLL_CHECK(open_count_ == 0);
  }

 private:
  struct Open {
    const Node* end;
    Node* copy;
  };

  void close_at(const Walk& walk) {
    while (open_count_ > 0 && walk.is_at(open_[open_count_ - 1].end)) {
      open_[--open_count_].copy->end = node_;
    }
  }

  void copy_bytes(const Node& from, Node& to) {
    BytesView(&from).copy_to(bytes_);
    to.split = false;
    to.bytes = bytes_;
    bytes_ += from.size;
    // The text of a number wants an end that can be read (number.h).
    if (from.type == Type::real) *bytes_++ = '\r';
  }

  Node* node_;
  char* bytes_;
  std::array<Open, nesting_depth_max + 1> open_{};  // an empty aggregate may lie in the deepest one
  std::size_t open_count_ = 0;
};

Error no_room() {
  return Error{.code = ErrorCode::reply_too_large,
               .executed = Executed::yes,
               .what = "no room left in the replies pool to keep the reply"};
}

}  // namespace

Result<Reply> Reader::keep() {
  PLIMSOLL_CHECK(frame_ready_ && parser_.dropped() == Parser::Drop::none && tape_.size() > 0);
  return parser_.frame_bytes() < Reply::copied_bytes_max ? keep_copy() : keep_buffers();
}

Result<Reply> Reader::copy() {
  PLIMSOLL_CHECK(frame_ready_ && parser_.dropped() == Parser::Drop::none && tape_.size() > 0);
  return keep_copy();
}

Result<Reply> Reader::keep_copy() {
  std::size_t nodes = 0;
  std::size_t bytes = 0;
  for (Walk walk(tape_); !walk.done();) {
    const Node& node = *walk.next();
    if (node.type == Type::piece) continue;
    ++nodes;
    if (has_bytes(node.type)) bytes += node.size + (node.type == Type::real ? 1u : 0u);
  }
  Reply reply;
  reply.nodes_ = Block::allocate(replies_, nodes * sizeof(Node) + bytes);
  if (!reply.nodes_) return no_room();
  auto* const first = static_cast<Node*>(reply.nodes_.data());
  Copier(first, reinterpret_cast<char*>(first + nodes)).copy(tape_);
  reply.root_ = first;
  return reply;
}

Result<Reply> Reader::keep_buffers() {
  // The reserve is for making progress, not for keeping.
  if (touches_reserve()) return no_room();
  Reply reply;
  reply.nodes_ = Block::allocate(replies_, Tape::inline_nodes * sizeof(Node));
  if (!reply.nodes_) return no_room();
  auto* const first = static_cast<Node*>(reply.nodes_.data());
  reply.payer_ = &replies_;
  reply.pieces_ = tape_.take_pieces(first);
  reply.root_ = first;
  reply.first_ = first_;
  reply.last_ = last_;
  for (Segment* segment = first_;; segment = segment->next) {
    hold(*segment);
    if (segment == last_) break;
  }
  return reply;
}

}  // namespace plimsoll
