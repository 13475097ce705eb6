#include "plimsoll/wasm/area.h"

#include <array>
#include <cstring>
#include <new>

#include "plimsoll/core/resp/error_reply.h"
#include "plimsoll/wasm/translate.h"

namespace plimsoll::wasm {
namespace {

bool has_bytes(Type type) {
  return !is_aggregate(type) && type != Type::null && type != Type::boolean &&
         type != Type::integer;
}

// True if no byte has its highest bit set: the host decodes such a string faster, as ASCII.
bool is_ascii(std::string_view bytes) {
  constexpr std::uint64_t high_bits = 0x8080808080808080;
  constexpr std::size_t step = 4 * sizeof high_bits;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= step; at += step, left -= step) {
    std::uint64_t words[4];
    std::memcpy(words, at, sizeof words);
    if (((words[0] | words[1] | words[2] | words[3]) & high_bits) != 0) return false;
  }
  std::uint8_t all = 0;
  for (; left > 0; ++at, --left) all |= static_cast<std::uint8_t>(*at);
  return all < 0x80;
}

// Returns the bits for the meaning of an error reply's text. The text may be in the pieces that
// follow `node`.
std::uint32_t meaning_of(const Node& node) {
  const Error error = error_of_reply(BytesView(&node), Speaker::server);
  return (static_cast<std::uint32_t>(error.code) + 1) << plimsoll_type_error_shift |
         static_cast<std::uint32_t>(error.executed) << plimsoll_type_executed_shift;
}

PlimsollNode node_of(const Node& node) {
  PlimsollNode out{.type = static_cast<std::uint32_t>(node.type), .size = node.size, .upper = 0};
  if (node.type == Type::integer || node.type == Type::boolean) {
    const auto bits = static_cast<std::uint64_t>(node.integer);
    out.size = static_cast<std::uint32_t>(bits);
    out.upper = static_cast<std::uint32_t>(bits >> 32);
  } else {
    out.bytes = has_bytes(node.type) && !node.split ? node.bytes : nullptr;
  }
  if (node.type == Type::simple_error || node.type == Type::bulk_error)
    out.type |= meaning_of(node);
  return out;
}

std::uint32_t with_ascii(std::uint32_t type, std::string_view bytes) {
  return is_ascii(bytes) ? type | plimsoll_type_ascii : type;
}

}  // namespace

Area::Area(std::span<double> place)
    : begin_(reinterpret_cast<char*>(place.data())),
      end_(begin_ + place.size_bytes()),
      front_(begin_),
      back_(end_) {}

void Area::clear() {
  front_ = begin_;
  back_ = end_;
}

template <class T>
T* Area::take() {
  if (static_cast<std::size_t>(back_ - front_) < sizeof(T)) return nullptr;
  T* const taken = new (front_) T{};
  front_ += sizeof(T);
  return taken;
}

const char* Area::copy(std::string_view bytes) {
  if (static_cast<std::size_t>(back_ - front_) < bytes.size()) return nullptr;
  back_ -= bytes.size();
  std::memcpy(back_, bytes.data(), bytes.size());
  return back_;
}

PlimsollEventRecord* Area::add_record(const Event& event, const MessagesMissed& missed) {
  auto* const record = take<PlimsollEventRecord>();
  if (record == nullptr) return nullptr;
  record->kind = to_abi(event.kind);
  record->tag = static_cast<std::uint32_t>(event.tag);
  record->lost = static_cast<std::uint32_t>(missed.lost);
  record->gaps = static_cast<std::uint32_t>(missed.gaps);
  record->answers_owed = event.answers_owed;
  if (event.error == nullptr) return record;
  record->error = static_cast<std::uint32_t>(event.error->code) + 1;
  record->executed = static_cast<std::uint32_t>(event.error->executed);
  std::array<char, error_text_max> text;
  const std::string_view sentence = describe(*event.error, text);
  record->text = copy(sentence);
  record->text_size = static_cast<std::uint32_t>(sentence.size());
  return record->text != nullptr ? record : nullptr;
}

// Copies a string to the area in one piece, even if it consists of several.
bool Area::add_string(const Node& node, NodeWalk& walk, PlimsollNode& out) {
  if (static_cast<std::size_t>(back_ - front_) < node.size) return false;
  back_ -= node.size;
  char* at = back_;
  const auto append = [&at](const Node& piece) {
    std::memcpy(at, piece.bytes, piece.size);
    at += piece.size;
  };
  if (!node.split) append(node);
  while (node.split && at != back_ + node.size) append(*walk.next());
  out.bytes = back_;
  out.type = with_ascii(out.type, {back_, node.size});
  return true;
}

bool Area::add_value(NodeWalk walk, std::uint32_t& nodes) {
  while (const Node* const node = walk.next()) {
    auto* const out = take<PlimsollNode>();
    if (out == nullptr) return false;
    *out = node_of(*node);
    if (has_bytes(node->type) && !add_string(*node, walk, *out)) return false;
    ++nodes;
  }
  return true;
}

bool Area::add(const Event& event, const MessagesMissed& missed) {
  char* const front = front_;
  char* const back = back_;
  PlimsollEventRecord* const record = add_record(event, missed);
  if (record != nullptr && (!event.value || add_value(NodeWalk(*event.value), record->nodes))) {
    return true;
  }
  front_ = front;
  back_ = back;
  return false;
}

void Area::add_text(std::string_view text) {
  auto* const out = take<PlimsollNode>();
  out->type = with_ascii(static_cast<std::uint32_t>(Type::bulk_string), text);
  out->size = static_cast<std::uint32_t>(text.size());
  out->bytes = text.data();
}

std::uint32_t Area::add_nodes(NodeWalk& walk) {
  std::uint32_t count = 0;
  while (static_cast<std::size_t>(back_ - front_) >= sizeof(PlimsollNode)) {
    const Node* const node = walk.next();
    if (node == nullptr) break;
    auto* const out = take<PlimsollNode>();
    *out = node_of(*node);
    if (has_bytes(node->type) && !node->split) {
      out->type = with_ascii(out->type, {node->bytes, node->size});
    }
    ++count;
  }
  return count;
}

void Area::add_begin(const Event& event, const MessagesMissed& missed, NodeWalk& walk) {
  PlimsollEventRecord* const record = add_record(event, missed);
  record->nodes = add_nodes(walk);
}

}  // namespace plimsoll::wasm
