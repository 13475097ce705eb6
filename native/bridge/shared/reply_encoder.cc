#include "plimsoll/native/bridge/shared/reply_encoder.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "plimsoll/core/base/bytes.h"
#include "plimsoll/core/base/check.h"
#include "plimsoll/core/resp/node.h"
#include "plimsoll/core/resp/wire_value.h"

namespace plimsoll::bridge {
namespace {

constexpr std::string_view line_end = "\r\n";

constexpr std::string_view null_of_resp3 = "_\r\n";
constexpr std::string_view null_string = "$-1\r\n";
constexpr std::string_view null_array = "*-1\r\n";
static_assert(null_string.size() == null_array.size());

std::string_view null_of_resp2(const Node& null) {
  return Value(&null).is_null_array() ? null_array : null_string;
}

bool has_text(Type type) {
  return is_line(type) || type == Type::bulk_string || type == Type::verbatim ||
         type == Type::bulk_error;
}

std::size_t values_inside(const Node& node) {
  if (!is_aggregate(node.type)) return 0;
  return std::size_t{node.size} * (node.type == Type::map ? 2 : 1);
}

// The value behind `node` in the row, without the attributes before it: the first of those inside
// `node`, if there are any. There must be one.
const Node* value_behind(const Node* node) {
  return Value(is_aggregate(node->type) ? node + 1 : skip(node)).node();
}

std::size_t nulls_in(const Node* node) {
  std::size_t nulls = 0;
  for (std::size_t left = 1;;) {
    if (node->type == Type::null) ++nulls;
    left += values_inside(*node);
    if (--left == 0) return nulls;
    node = value_behind(node);
  }
}

// wire_size() counts the nulls of RESP3.
std::size_t size_of_reply(const Value& value, bool is_resp3) {
  const std::size_t size = wire_size(value);
  if (is_resp3) return size;
  return size + nulls_in(value.node()) * (null_string.size() - null_of_resp3.size());
}

}  // namespace

ReplyEncoder::ReplyEncoder(const Value& value, bool is_resp3)
    : node_(value.node()),
      values_left_(1),
      size_(size_of_reply(value, is_resp3)),
      left_(size_),
      is_resp3_(is_resp3) {
  write_head();
}

std::size_t ReplyEncoder::take(std::span<char> space) {
  char* out = space.data();
  char* const end = out + std::min(space.size(), left_);
  while (out != end) {
    const std::string_view rest = rest_of_part();
    const std::size_t taken = std::min(rest.size(), static_cast<std::size_t>(end - out));
    out = copy_bytes(rest.substr(0, taken), out);
    at_ += taken;
    if (taken == rest.size()) begin_next_part();
  }
  const auto written = static_cast<std::size_t>(out - space.data());
  left_ -= written;
  return written;
}

std::string_view ReplyEncoder::rest_of_part() const {
  switch (part_) {
    case Part::head: return std::string_view(head_.data(), head_size_).substr(at_);
    case Part::text: return std::string_view(piece_->bytes, piece_->size).substr(at_);
    case Part::end: return line_end.substr(at_);
  }
  PLIMSOLL_CHECK(false);
}

void ReplyEncoder::begin_next_part() {
  at_ = 0;
  switch (part_) {
    case Part::head:
      if (!has_text(node_->type)) return begin_next_value();
      part_ = node_->size > 0 ? Part::text : Part::end;
      text_left_ = node_->size;
      if (text_left_ > 0) piece_ = node_->split ? follow(node_ + 1) : node_;
      return;
    case Part::text:
      text_left_ -= piece_->size;
      if (text_left_ > 0) {
        piece_ = follow(piece_ + 1);
      } else {
        part_ = Part::end;
      }
      return;
    case Part::end: return begin_next_value();
  }
}

void ReplyEncoder::begin_next_value() {
  values_left_ += values_inside(*node_);
  if (--values_left_ == 0) return;  // there may be no node behind the last one
  node_ = value_behind(node_);
  part_ = Part::head;
  write_head();
}

void ReplyEncoder::write_head() {
  const Node& node = *node_;
  char* const head = head_.data();
  char* end = head;
  switch (node.type) {
    case Type::null: end = copy_bytes(is_resp3_ ? null_of_resp3 : null_of_resp2(node), end); break;
    case Type::boolean: end = copy_bytes(node.integer == 1 ? "#t\r\n" : "#f\r\n", end); break;
    case Type::integer:
      *end++ = sign_of(node.type);
      end = std::to_chars(end, head + head_.size(), node.integer).ptr;
      end = copy_bytes(line_end, end);
      break;
    case Type::real:
    case Type::big_number:
    case Type::simple_string:
    case Type::simple_error: *end++ = sign_of(node.type); break;
    case Type::bulk_string:
    case Type::verbatim:
    case Type::bulk_error:
    case Type::array:
    case Type::set:
    case Type::map:
    case Type::push: end = encoding::write_header(end, sign_of(node.type), node.size); break;
    case Type::attribute:
    case Type::piece:
    case Type::link: PLIMSOLL_CHECK(false);  // these are no values
  }
  head_size_ = static_cast<std::uint8_t>(end - head);
}

}  // namespace plimsoll::bridge
