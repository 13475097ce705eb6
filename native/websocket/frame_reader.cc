#include "plimsoll/native/websocket/frame_reader.h"

#include <algorithm>

namespace plimsoll::inline v0::websocket {
namespace {

using Problem = FrameReader::Problem;
using Part = FrameReader::Part;

constexpr unsigned char reserved_bits = 0x70;
constexpr unsigned char opcode_bits = 0x0f;
constexpr unsigned char length_bits = 0x7f;
constexpr unsigned char length_in_two = 126;
constexpr unsigned char length_in_eight = 127;

Problem check_opcode(unsigned char first) {
  if ((first & reserved_bits) != 0) return Problem::reserved_bits;
  switch (static_cast<Opcode>(first & opcode_bits)) {
    case Opcode::continuation:
    case Opcode::binary:
    case Opcode::close:
    case Opcode::ping:
    case Opcode::pong: return Problem::none;
    case Opcode::text: return Problem::text;
  }
  return Problem::unknown_opcode;
}

// Returns whether a close may have this code: section 7.4.2, and 1012 to 1014, which are registered
// with IANA.
bool may_be_sent(std::uint16_t code) {
  const bool is_protocols = code >= 1000 && code <= 1014;
  const bool is_reserved = code >= 1004 && code <= 1006;
  return (is_protocols && !is_reserved) || (code >= 3000 && code <= 4999);
}

}  // namespace

Part FrameReader::take(std::string_view& bytes) {
  while (problem_ == Problem::none) {
    if (!in_payload_ && !take_header(bytes)) break;
    if (!is_control()) {
      if (bytes.empty() && left_ > 0) break;
      return take_data(bytes);
    }
    if (!take_control(bytes)) break;
    const Part part = finish_control();
    if (part.kind != Part::Kind::nothing) return part;
  }
  bytes = {};
  return {};
}

// Returns whether the header is complete, so that the payload begins.
bool FrameReader::take_header(std::string_view& bytes) {
  while (header_size_ < header_wanted_) {
    if (bytes.empty()) return false;
    header_[header_size_++] = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    if (header_size_ == 2) begin_frame();
    if (problem_ != Problem::none) return false;
  }
  begin_payload();
  return problem_ == Problem::none;
}

// Checks the first two bytes of a header.
void FrameReader::begin_frame() {
  problem_ = check_opcode(header_[0]);
  if (problem_ != Problem::none) return;
  opcode_ = static_cast<Opcode>(header_[0] & opcode_bits);
  is_final_ = (header_[0] & final_bit) != 0;
  const unsigned char length = header_[1] & length_bits;
  if ((header_[1] & mask_bit) != 0) {
    problem_ = Problem::masked;
  } else if (is_control()) {
    if (length > control_bytes_max) problem_ = Problem::control_too_long;
    if (!is_final_) problem_ = Problem::control_fragmented;
  } else if (opcode_ == Opcode::continuation) {
    if (!in_message_) problem_ = Problem::nothing_to_continue;
  } else if (in_message_) {
    problem_ = Problem::message_not_ended;
  }
  if (length == length_in_two) header_wanted_ = 4;
  if (length == length_in_eight) header_wanted_ = 10;
}

void FrameReader::begin_payload() {
  left_ = header_[1] & length_bits;
  if (header_wanted_ > 2) {
    left_ = 0;
    for (std::size_t i = 2; i < header_wanted_; ++i) left_ = left_ << 8 | header_[i];
    const std::uint64_t shorter_max = header_wanted_ == 4 ? 125 : 0xffff;
    if (left_ <= shorter_max) problem_ = Problem::length_not_shortest;
    if (left_ >> 63 != 0) problem_ = Problem::length_too_large;
  }
  header_size_ = 0;
  header_wanted_ = 2;
  in_payload_ = true;
  if (!is_control()) in_message_ = true;
}

Part FrameReader::take_data(std::string_view& bytes) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  Part part{.kind = Part::Kind::data, .bytes = bytes.substr(0, size)};
  bytes.remove_prefix(size);
  left_ -= size;
  in_payload_ = left_ > 0;
  part.ends_message = is_final_ && !in_payload_;
  if (part.ends_message) in_message_ = false;
  return part;
}

// Returns whether the payload is complete.
bool FrameReader::take_control(std::string_view& bytes) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  std::copy_n(bytes.begin(), size, control_.begin() + control_size_);
  control_size_ = static_cast<std::uint8_t>(control_size_ + size);
  bytes.remove_prefix(size);
  left_ -= size;
  in_payload_ = left_ > 0;
  return !in_payload_;
}

Part FrameReader::finish_control() {
  const std::string_view payload(control_.data(), control_size_);
  control_size_ = 0;
  if (opcode_ == Opcode::pong) return {};
  if (opcode_ == Opcode::ping) return {.kind = Part::Kind::ping, .bytes = payload};
  if (payload.size() == 1 || (!payload.empty() && !may_be_sent(code_of_close(payload)))) {
    problem_ = Problem::bad_close;
    return {};
  }
  return {.kind = Part::Kind::close, .bytes = payload};
}

std::uint16_t code_of_close(std::string_view payload) {
  if (payload.size() < 2) return static_cast<std::uint16_t>(CloseCode::no_status);
  const auto high = static_cast<unsigned char>(payload[0]);
  const auto low = static_cast<unsigned char>(payload[1]);
  return static_cast<std::uint16_t>(high << 8 | low);
}

const char* words_of(Problem problem) {
  switch (problem) {
    case Problem::none: return "nothing is wrong";
    case Problem::masked: return "a masked frame, which servers do not send";
    case Problem::reserved_bits: return "a frame of an extension, and none was agreed on";
    case Problem::unknown_opcode: return "a frame of an unknown kind";
    case Problem::text: return "a text message, where RESP is bytes";
    case Problem::control_too_long: return "a control frame of more than 125 bytes";
    case Problem::control_fragmented: return "a control frame in fragments";
    case Problem::nothing_to_continue: return "a continuation of no message";
    case Problem::message_not_ended: return "a message amid another one";
    case Problem::length_not_shortest: return "a length that is not as short as can be";
    case Problem::length_too_large: return "a length of more than 63 bits";
    case Problem::bad_close: return "a close with a code that must not be sent";
  }
  return "";
}

CloseCode close_code_of(Problem problem) {
  return problem == Problem::text ? CloseCode::unknown_data : CloseCode::protocol_error;
}

}  // namespace plimsoll::inline v0::websocket
