#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "plimsoll/fuzz/expect.h"
#include "plimsoll/native/websocket/message_reader.h"
#include "plimsoll/native/websocket/opening.h"

// Any bytes as what a bridge says: as frames, against a naive reader that has all of them at once,
// and as an answer to the opening; whole and in pieces. The first byte of the input seeds the
// pieces and says whether there are type bytes; the stream follows. And any bytes as a payload,
// which has to come out of its frame as it went in.

namespace plimsoll::fuzz {
namespace {

using websocket::AnswerReader;
using websocket::Framing;
using websocket::MessageReader;

struct Reading {
  std::string resp;
  std::string ping;  // the last one
  std::uint16_t close = 0;
  std::string reason;
  bool is_broken = false;
};

// Frame by frame, in the words of RFC 6455, section 5.2.
class NaiveReader {
 public:
  NaiveReader(std::string_view stream, Framing framing) : left_(stream), framing_(framing) {}

  Reading read() {
    while (all_.close == 0 && !all_.is_broken && read_frame()) {
    }
    return all_;
  }

 private:
  std::optional<std::uint64_t> number(std::size_t bytes) {
    if (left_.size() < bytes) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : left_.substr(0, bytes)) value = value * 256 + static_cast<unsigned char>(c);
    left_.remove_prefix(bytes);
    return value;
  }

  bool broken() {
    all_.is_broken = true;
    return false;
  }

  // Whether there may be another one.
  bool read_frame() {
    const auto start = number(2);
    if (!start) return false;
    const std::uint64_t opcode = *start >> 8 & 15;
    const bool is_final = *start >> 15 != 0;
    const bool is_control = opcode >= 8;
    std::uint64_t size = *start & 127;
    if ((*start >> 12 & 7) != 0 || (*start >> 7 & 1) != 0) return broken();
    if (opcode != 0 && opcode != 2 && opcode != 8 && opcode != 9 && opcode != 10) return broken();
    if (is_control && (!is_final || size > 125)) return broken();
    if (opcode == 0 && !in_message_) return broken();
    if (opcode == 2 && in_message_) return broken();
    if (size >= 126) {
      const bool is_long = size == 127;
      const auto length = number(is_long ? 8 : 2);
      if (!length) return false;
      size = *length;
      if (size < (is_long ? 65'536U : 126U) || size >> 63 != 0) return broken();
    }
    if (!is_control) {
      if (!in_message_) message_.clear();
      in_message_ = true;
    }
    const bool is_whole = left_.size() >= size;
    const std::string_view payload = left_.substr(0, is_whole ? size : left_.size());
    left_.remove_prefix(payload.size());
    if (is_control) return is_whole && take_control(opcode, payload);
    return take_data(payload, is_whole && is_final) && is_whole;
  }

  bool take_control(std::uint64_t opcode, std::string_view payload) {
    if (opcode == 9) all_.ping = payload;
    if (opcode != 8) return true;
    if (payload.empty()) {
      all_.close = 1005;
      return false;
    }
    if (payload.size() == 1) return broken();
    const unsigned code =
        static_cast<unsigned char>(payload[0]) * 256U + static_cast<unsigned char>(payload[1]);
    const bool is_known =
        code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
    if (!is_known && (code < 3000 || code > 4999)) return broken();
    all_.close = static_cast<std::uint16_t>(code);
    all_.reason = payload.substr(2);
    return false;
  }

  bool take_data(std::string_view payload, bool is_last) {
    const std::size_t before = message_.size();
    message_ += payload;
    if (framing_ == Framing::bare) {
      all_.resp += payload;
    } else if (!message_.empty()) {
      if (message_.front() != 0) return broken();
      const std::string_view fresh =
          std::string_view(message_).substr(std::max<std::size_t>(before, 1));
      all_.resp += fresh;
    }
    if (!is_last) return true;
    in_message_ = false;
    if (framing_ == Framing::with_credits && message_.size() < 2) return broken();
    return true;
  }

  std::string_view left_;
  const Framing framing_;
  bool in_message_ = false;
  std::string message_;
  Reading all_;
};

template <class NextSize>
void check_frames(std::string_view stream, Framing framing, const Reading& expected,
                  NextSize&& next_size) {
  MessageReader reader(framing);
  Reading all;
  while (!stream.empty()) {
    // In memory of its own, which is no larger.
    std::string piece(stream.substr(0, next_size()));
    stream.remove_prefix(piece.size());
    const std::size_t size = reader.take(piece);
    expect("there is no more than came", size <= piece.size());
    all.resp.append(piece, 0, size);
    if (const auto ping = reader.take_ping()) all.ping = *ping;
  }
  if (reader.close()) {
    all.close = reader.close()->code;
    all.reason = reader.close()->reason;
  }
  expect_equal("what is RESP", all.resp, expected.resp);
  expect_equal("the last ping", all.ping, expected.ping);
  expect("the code of the close", all.close == expected.close);
  expect_equal("the reason of the close", all.reason, expected.reason);
  expect("whether it is broken", (reader.problem() != nullptr) == expected.is_broken);
}

// What an AnswerReader makes of a stream, and how much it takes of it.
template <class NextSize>
std::size_t check_answer(std::string_view stream, AnswerReader& reader, NextSize&& next_size) {
  std::size_t taken = 0;
  while (!stream.empty() && reader.state() == AnswerReader::State::reading) {
    const std::string piece(stream.substr(0, next_size()));
    stream.remove_prefix(piece.size());
    const std::size_t size = reader.take(piece);
    expect("no more is taken than came", size <= piece.size());
    taken += size;
  }
  expect("an answer has an end", taken <= websocket::answer_bytes_max);
  return taken;
}

constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";

template <class NextSize>
void check_answer_in_pieces(std::string_view stream, NextSize&& next_size) {
  AnswerReader whole(key);
  AnswerReader split(key);
  check_answer(stream, whole, [] { return std::string_view::npos; });
  check_answer(stream, split, next_size);
  expect("the state of an answer", whole.state() == split.state());
  expect("the status of an answer", whole.status() == split.status());
  expect("what was agreed on", whole.framing() == split.framing());
}

// An answer that the input is a line of, so that what is behind the first lines is reached as well.
std::string answer_with(std::string_view line) {
  std::string text = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n";
  text.append("Connection: Upgrade\r\nSec-WebSocket-Accept: ").append(websocket::accept_of(key));
  return text.append("\r\nSec-WebSocket-Protocol: resp\r\n").append(line).append("\r\n\r\n");
}

void check_sealed(std::string_view payload, char seed) {
  const websocket::MaskKey mask{seed, 'a', '\xff', static_cast<char>(seed ^ 0x55)};
  std::string space(websocket::client_header_bytes_max, '?');
  space += payload;
  std::string frame(websocket::seal(space, websocket::Opcode::binary, mask));
  expect("a frame is its header and its payload",
         frame.size() >= payload.size() + 6 && frame.size() <= payload.size() + 14);
  // A server's reader takes it, once it is not masked.
  const std::size_t begin = frame.size() - payload.size();
  for (std::size_t i = 0; i < payload.size(); ++i) {
    frame[begin + i] = static_cast<char>(frame[begin + i] ^ mask[i % 4]);
  }
  frame.erase(begin - mask.size(), mask.size());
  frame[1] = static_cast<char>(frame[1] & 0x7f);
  MessageReader reader(Framing::bare);
  const std::size_t size = reader.take(frame);
  expect_equal("a payload", std::string_view(frame).substr(0, size), payload);
  expect("a frame is good", reader.problem() == nullptr);
}

}  // namespace
}  // namespace plimsoll::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plimsoll::fuzz;
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Framing framing = data[0] % 2 == 0 ? Framing::bare : Framing::with_credits;
  std::minstd_rand random(data[0]);
  const auto next_size = [&] { return 1 + random() % 9; };
  const Reading expected = NaiveReader(stream, framing).read();
  check_frames(stream, framing, expected, [] { return std::string_view::npos; });
  check_frames(stream, framing, expected, [] { return std::size_t{1}; });
  check_frames(stream, framing, expected, next_size);
  check_answer_in_pieces(stream, next_size);
  check_answer_in_pieces(answer_with(stream), next_size);
  check_sealed(stream, static_cast<char>(data[0]));
  return 0;
}
