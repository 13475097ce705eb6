#include "plimsoll/core/resp/reader.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/memory/budget.h"

namespace plimsoll::inline v0 {
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

// Walks a tape node by node, in the order of the wire, and follows links.
class Walk {
 public:
  explicit Walk(const Tape& tape) : at_(tape.first()), left_(tape.size()) {}

  bool done() const { return left_ == 0; }
  const Node* next() {
    at_ = follow(at_);
    --left_;
    return at_++;
  }

  /// Whether `end` is the next node, or the link before it.
  bool is_at(const Node* end) const { return at_ == end || (left_ > 0 && follow(at_) == end); }

 private:
  const Node* at_;
  std::size_t left_;
};

// Copies a tape and the bytes that it points at into one block. In the copy each string lies in one
// piece, and aggregates end where their copied elements end.
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
    // to_real() reads one byte behind the text of a number (number.h).
    if (from.type == Type::real) *bytes_++ = '\r';
  }

  Node* node_;
  char* bytes_;
  // One more than the parser's levels: the deepest aggregate may contain an empty one.
  std::array<Open, nesting_depth_max + 1> open_{};
  std::size_t open_count_ = 0;
};

}  // namespace

Reader::Reader(Account& replies, const ReaderOptions& options)
    : replies_(replies), options_(options), tape_(replies), parser_(tape_) {}

Reader::~Reader() { reset(); }

std::span<char> Reader::read_space(Reserve reserve) {
  const std::span<char> room = find_room(reserve);
  // The reserve goes to another reader once this frame is over, so no byte of the next frame may be
  // read into the reserve.
  const bool in_reserve = last_ != nullptr && last_->payer == nullptr;
  const bool shares = options_.spares_reserve || replies_.budget().progress_reserve().is_wanted();
  if (!in_reserve || !shares) return room;
  const std::size_t missing = parser_.missing_bytes_min(static_cast<std::size_t>(end_ - at_));
  return room.first(std::min(room.size(), missing));
}

std::span<char> Reader::find_room(Reserve reserve) {
  if (last_ != nullptr) {
    const auto room = static_cast<std::size_t>(last_->end() - end_);
    const bool promised = parser_.in_payload() && room > 0;
    lent_ = promised || room >= read_space_min;
    if (lent_) return {end_, room};
  }
  Segment* segment = acquire(reserve);
  if (segment == nullptr && skip_for_lack_of_room()) segment = acquire(reserve);
  if (segment == nullptr) return {};
  if (segment != last_) move_rest_to(*segment);
  lent_ = true;
  return {end_, static_cast<std::size_t>(last_->end() - end_)};
}

// Returns the segment to fill next: a new one, or last_ again if neither the current frame nor a
// kept reply refers to its bytes.
Segment* Reader::acquire(Reserve reserve) {
  const bool recorded = frame_ready_ || (partial_ && parser_.dropped() == Parser::Drop::none);
  if (last_ != nullptr && !recorded && last_->holders.load(std::memory_order_acquire) == 1) {
    // A long frame that is skipped would take many reads with a small buffer.
    const bool too_small = last_->size() < next_size();
    Segment* const larger = too_small ? acquire_segment(replies_, SegmentSize::whole) : nullptr;
    if (larger != nullptr) return larger;
    if (too_small) buffer_size_.note_refused();
    // A line may fill a small segment, and be no line yet.
    const bool has_room = static_cast<std::size_t>(end_ - at_) < last_->capacity;
    if (has_room) return reused_last();
  } else {
    const SegmentSize size = next_size();
    if (Segment* const segment = acquire_segment(replies_, size)) return segment;
    // Where memory is short, many small reads are better than none.
    const bool may_be_small = size == SegmentSize::whole && may_end_in_small();
    Segment* const smaller = may_be_small ? acquire_segment(replies_, SegmentSize::small) : nullptr;
    if (smaller != nullptr) {
      buffer_size_.note_refused();
      return smaller;
    }
  }
  if (reserve == Reserve::leave && !touches_reserve()) return nullptr;
  return replies_.budget().progress_reserve().take(this);
}

// Moves the bytes that are not parsed to the front of last_, over those that nothing needs.
Segment* Reader::reused_last() {
  const auto rest = static_cast<std::size_t>(end_ - at_);
  if (rest > 0) std::memmove(last_->begin(), at_, rest);
  at_ = last_->begin();
  end_ = last_->begin() + rest;
  return last_;
}

SegmentSize Reader::next_size() const {
  return last_ == nullptr || may_end_in_small() ? buffer_size_.wanted() : SegmentSize::whole;
}

// Whether a small segment may be enough for the frame at hand. A frame that has filled a segment
// already and gets another may have no end in that one either, so its third is a whole one.
// Otherwise a long array, whose elements come one by one, would lie in a long chain of small ones.
bool Reader::may_end_in_small() const {
  if (first_ != last_) return false;
  const auto rest = static_cast<std::size_t>(end_ - at_);
  return rest + parser_.missing_bytes_min(rest) <= small_segment_capacity;
}

// Skips the frame if the pool is dry and this very frame has used up the reserve: nothing else
// would free memory.
bool Reader::skip_for_lack_of_room() {
  const bool recording = partial_ && parser_.dropped() == Parser::Drop::none;
  if (!recording || frame_ready_ || !touches_reserve()) return false;
  parser_.drop(Parser::Drop::too_large);
  release_before_last();
  return true;
}

void Reader::move_rest_to(Segment& segment) {
  const auto rest = static_cast<std::size_t>(end_ - at_);
  if (rest > 0) std::memcpy(segment.begin(), at_, rest);
  const bool recorded = frame_ready_ || (partial_ && parser_.dropped() == Parser::Drop::none);
  if (last_ != nullptr && recorded) {
    last_->next = &segment;
  } else {
    release_before_last();
    if (last_ != nullptr) release_last();
    first_ = &segment;
  }
  last_ = &segment;
  at_ = segment.begin();
  end_ = segment.begin() + rest;
}

void Reader::handle_read(std::size_t count) {
  PLIMSOLL_CHECK(last_ != nullptr && count <= static_cast<std::size_t>(last_->end() - end_));
  buffer_size_.note_read(count, static_cast<std::size_t>(last_->end() - end_));
  end_ += count;
  lent_ = false;
}

Reader::Poll Reader::next(bool replies_wanted) {
  if (frame_ready_) {
    frame_ready_ = false;
    release_before_last();
  }
  if (last_ == nullptr) return Poll::need_more;
  if (at_ == end_ && !partial_) {
    tape_.release();  // the next frame may be hours away
    if (lent_) return Poll::need_more;
    // Nothing in the buffer is needed: fill it from the start again, unless a kept reply has it or
    // another size is better.
    if (last_->payer == nullptr || last_->holders.load(std::memory_order_acquire) != 1 ||
        last_->size() != buffer_size_.wanted()) {
      release_last();
    } else {
      at_ = end_ = last_->begin();
    }
    return Poll::need_more;
  }
  if (!partial_) {
    if (replies_wanted && parser_.parse_short_frame(at_, end_, options_.reply_bytes_max)) {
      frame_ready_ = true;
      return Poll::frame;
    }
    parser_.begin_frame(options_.reply_bytes_max);
    partial_ = true;
  }
  parser_.set_replies_wanted(replies_wanted);
  const Parser::Outcome outcome = parser_.parse(at_, end_, last_->end());
  if (outcome == Parser::Outcome::failed) return Poll::failed;
  if (parser_.frame_bytes() + tape_.charged_bytes() > options_.reply_bytes_max) {
    parser_.drop(Parser::Drop::too_large);
  }
  if (parser_.dropped() != Parser::Drop::none) release_before_last();
  if (outcome == Parser::Outcome::need_more) {
    // Nothing of a dropped frame needs to stay, least of all in the progress reserve.
    const bool dropped = parser_.dropped() != Parser::Drop::none;
    if (dropped && at_ == end_ && !lent_) release_last();
    return Poll::need_more;
  }
  partial_ = false;
  frame_ready_ = true;
  return Poll::frame;
}

Reader::Half Reader::half() const {
  if (!partial_ || !parser_.is_type_known()) return Half::unknown;
  const Type type = parser_.frame_type();
  if (type == Type::push) return Half::push;
  return type == Type::simple_error || type == Type::bulk_error ? Half::error : Half::reply;
}

// The text of a dropped error is gone, so it may or may not have been a refusal: `maybe`.
Error Reader::dropped_error() const {
  const Type type = parser_.frame_type();
  const bool is_error = type == Type::simple_error || type == Type::bulk_error;
  Error error{.code = ErrorCode::reply_too_large,
              .executed = is_error ? Executed::maybe : Executed::yes};
  switch (parser_.dropped()) {
    case Parser::Drop::too_deep:
      error.what = "aggregates of the reply are nested too deeply, and it was skipped";
      error.expected = "at most nesting_depth_max (64) levels";
      error.offset = parser_.dropped_at();
      break;
    case Parser::Drop::long_line:
      error.what = "a simple string, error or big number of the reply is too long: it was skipped";
      error.expected = "at most line_bytes_max (16384) bytes";
      error.offset = parser_.dropped_at();
      break;
    case Parser::Drop::none:
    case Parser::Drop::unwanted:
    case Parser::Drop::too_large:
      error.what = "the reply did not fit reply_bytes_max or the replies pool, and was skipped";
      error.value = parser_.frame_bytes();
      break;
  }
  return error;
}

void Reader::reset() {
  release_before_last();
  if (last_ != nullptr) release_last();
  buffer_size_ = BufferSize();
  lent_ = frame_ready_ = partial_ = false;
  parser_.reset();
}

void Reader::release_idle() {
  if (last_ == nullptr || lent_ || frame_ready_ || partial_ || at_ != end_) return;
  release_last();
}

void Reader::validate() const {
  const bool has_frame = frame_ready_ || partial_;
  PLIMSOLL_CHECK(has_frame || (first_ == last_ && tape_.charged_bytes() == 0));
}

void Reader::release_before_last() {
  while (first_ != last_) {
    Segment* const next = first_->next;
    release(*std::exchange(first_, next));
  }
}

void Reader::release_last() {
  release(*last_);
  first_ = last_ = nullptr;
  at_ = end_ = nullptr;
}

bool Reader::touches_reserve() const {
  for (const Segment* segment = first_; segment != nullptr; segment = segment->next) {
    if (segment->payer == nullptr) return true;
    if (segment == last_) break;
  }
  return false;
}

Result<Reply> Reader::keep() {
  PLIMSOLL_CHECK(frame_ready_ && parser_.dropped() == Parser::Drop::none && tape_.size() > 0);
  return parser_.frame_bytes() < Reply::copied_bytes_max ? keep_copy() : keep_buffers();
}

Result<Reply> Reader::copy_of(std::string_view wire, Account& payer) {
  Reader reader(payer, {});
  while (!wire.empty()) {
    const std::span<char> room = reader.read_space(Reader::Reserve::leave);
    if (room.empty()) return Reply::no_room();
    const std::size_t part = std::min(room.size(), wire.size());
    std::memcpy(room.data(), wire.data(), part);
    reader.handle_read(part);
    wire.remove_prefix(part);
    const Reader::Poll polled = reader.next(true);
    PLIMSOLL_CHECK(polled != Reader::Poll::failed);
    // The tape of a long reply needs memory, too. Without it no value was recorded.
    if (reader.dropped() != Parser::Drop::none) return Reply::no_room();
    if (polled == Reader::Poll::frame) return reader.keep();
  }
  PLIMSOLL_CHECK(false);
  return Reply();
}

Result<Reply> Reader::copy() {
  PLIMSOLL_CHECK(frame_ready_ && parser_.dropped() == Parser::Drop::none && tape_.size() > 0);
  return keep_copy();
}

Result<Reply> Reader::keep_copy() {
  const Node& root = *tape_.first();
  if (tape_.size() == 1 && root.type == Type::bulk_string) return keep_node(root, root.size);
  if (tape_.size() == 1 && root.type == Type::integer) return keep_node(root, 0);
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
  if (!reply.nodes_) return Reply::no_room();
  auto* const first = static_cast<Node*>(reply.nodes_.data());
  Copier(first, reinterpret_cast<char*>(first + nodes)).copy(tape_);
  reply.root_ = first;
  return reply;
}

// keep_copy() of the usual reply: a string in one piece, or a number.
Result<Reply> Reader::keep_node(const Node& node, std::size_t bytes) {
  Block block = Block::allocate(replies_, sizeof(Node) + bytes);
  if (!block) return Reply::no_room();
  auto* const copied = static_cast<Node*>(block.data());
  *copied = node;
  if (bytes > 0) {
    copied->bytes = static_cast<const char*>(
        std::memcpy(reinterpret_cast<char*>(copied + 1), node.bytes, bytes));
  }
  return Reply::lying_in(std::move(block), copied);
}

Result<Reply> Reader::keep_buffers() {
  // The reserve lets one reader at a time make progress. A kept reply would hold the reserve as
  // long as the caller likes, and all other connections without memory would have to wait.
  if (touches_reserve()) return Reply::no_room();
  Reply reply;
  reply.nodes_ = Block::allocate(replies_, Tape::inline_nodes * sizeof(Node));
  if (!reply.nodes_) return Reply::no_room();
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

}  // namespace plimsoll::inline v0
