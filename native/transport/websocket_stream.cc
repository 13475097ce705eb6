#include "plimsoll/native/transport/websocket_stream.h"

#include <array>
#include <utility>

#include <openssl/rand.h>

#include "plimsoll/native/base/openssl.h"
#include "plimsoll/native/base/span_reader.h"
#include "plimsoll/native/base/steady_now.h"
#include "plimsoll/native/transport/websocket_problem.h"
#include "plimsoll/native/websocket/protocol.h"

namespace plimsoll::inline v0::native {
namespace {

using websocket::AnswerReader;
using websocket::client_header_bytes_max;
using websocket::CloseCode;
using websocket::Opcode;

// The header of a frame whose length takes two bytes.
constexpr std::size_t header_bytes = 8;
constexpr std::size_t payload_bytes_max = WebSocketStream::frame_bytes_max - header_bytes;

// The bridge's answer mostly fits one piece of this size.
constexpr std::size_t answer_piece_bytes = 2048;

template <class Bytes>
bool fill_randomly(Bytes& bytes) {
  keep_openssl();
  return RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()),
                    static_cast<int>(bytes.size())) == 1;
}

}  // namespace

WebSocketStream::WebSocketStream(std::unique_ptr<ByteStream> below, websocket::Opening opening,
                                 CreditWindow& window)
    : below_(std::move(below)),
      window_(window),
      opening_(std::move(opening)),
      token_(opening_.token.empty() ? Token::none : Token::shown) {}

WebSocketStream::~WebSocketStream() { window_.handle_closed(); }

// ---- The opening

ByteStream::Step WebSocketStream::shake_hands() {
  if (answer_ == nullptr) {
    const Step step = below_->shake_hands();
    if (step != Step::done) return step;
    begin();
  }
  std::array<char, answer_piece_bytes> piece;
  while (!problem_) {
    const Received received = below_->receive(piece);
    read_answer({piece.data(), received.bytes});
    if (reader_) return Step::done;
    if (received.step != Step::waits) return Step::failed;
    if (!below_->holds_bytes()) return problem_ ? Step::failed : Step::waits;
  }
  return Step::failed;
}

void WebSocketStream::begin() {
  websocket::KeyBytes bytes;
  if (!fill_randomly(bytes)) {
    problem_ = no_randomness();
    return;
  }
  const std::string key = websocket::key_of(bytes);
  answer_ = std::make_unique<AnswerReader>(key);
  put_whole(websocket::request_of(opening_, key));
  opening_ = {};
}

void WebSocketStream::read_answer(std::string_view bytes) {
  const std::size_t size = answer_->take(bytes);
  switch (answer_->state()) {
    case AnswerReader::State::reading: return;
    case AnswerReader::State::accepted:
      framing_ = answer_->framing();
      reader_.emplace(framing_);
      behind_answer_ = bytes.substr(size);
      answer_.reset();
      return;
    case AnswerReader::State::refused:
    case AnswerReader::State::not_http:
    case AnswerReader::State::too_long:
    case AnswerReader::State::not_as_asked: problem_ = problem_of_answer(*answer_, token_); return;
  }
}

TransportProblem WebSocketStream::silence() const {
  return answer_ == nullptr ? below_->silence() : silent_bridge();
}

plimsoll::Error WebSocketStream::early_end() const {
  return answer_ == nullptr ? below_->early_end() : early_end_of_bridge();
}

// ---- From the bridge to the core

ByteStream::Received WebSocketStream::receive(std::span<char> space) {
  if (problem_) return {.bytes = 0, .step = Step::failed};
  Received received;
  if (behind_answer_.empty()) {
    received = below_->receive(space);
  } else {
    received.bytes = behind_answer_.copy(space.data(), space.size());
    std::string(behind_answer_, received.bytes).swap(behind_answer_);
  }
  received.bytes = take(space.first(received.bytes));
  put_answers();
  if (problem_) received.step = Step::failed;
  return received;
}

// Moves the RESP in these bytes to their front. Returns how many bytes of RESP there are.
std::size_t WebSocketStream::take(std::span<char> bytes) {
  const std::size_t size = reader_->take(bytes);
  if (has_credits() && size > 0) {
    if (!window_.handle_received(size, steady_now())) {
      put_close(CloseCode::overrun);
      problem_ = granted_less();
      return 0;
    }
    // The bytes lie in a buffer of the core, which has a charge of its own.
    window_.handle_taken(size);
  }
  if (const auto& close = reader_->close()) {
    put_close(static_cast<CloseCode>(close->code));
    problem_ = problem_of_close(*close);
  } else if (const char* const what = reader_->problem()) {
    put_close(reader_->close_code());
    problem_ = broken_protocol(what);
  }
  return size;
}

void WebSocketStream::grant() { put_answers(); }

// Sends pongs and credit. What cannot be sent now is sent by push(): the reader keeps the last
// ping, and the window keeps its credit.
void WebSocketStream::put_answers() {
  if (!reader_ || problem_ || blocked()) return;
  if (const auto ping = reader_->take_ping()) put_small(Opcode::pong, *ping);
  if (!has_credits() || blocked()) return;
  const std::size_t bytes = window_.poll_grant();
  if (bytes == 0) return;
  std::array<char, 5> message{websocket::type_credit};
  for (std::size_t i = 1; i < message.size(); ++i) {
    message[i] = static_cast<char>(bytes >> 8 * (i - 1));
  }
  put_small(Opcode::binary, {message.data(), message.size()});
}

// ---- From the core to the bridge

std::size_t WebSocketStream::send(std::span<const std::string_view> spans) {
  SpanReader from(spans);
  std::array<char, client_header_bytes_max + payload_bytes_max> space;
  std::size_t begin = client_header_bytes_max;
  if (has_credits()) ++begin;
  std::size_t sent = 0;
  while (!blocked()) {
    const std::size_t size = from.copy(std::span(space).subspan(begin));
    if (size == 0) return sent;
    // Written again for each frame, because masking has changed the byte.
    if (has_credits()) space[client_header_bytes_max] = websocket::type_data;
    if (!put_data(std::span(space).first(begin + size))) return sent;
    sent += size;
  }
  return sent;
}

// Returns whether any part of the frame is on its way. The rest then waits in the backlog.
bool WebSocketStream::put_data(std::span<char> space) {
  const std::string_view frame = seal(space, Opcode::binary);
  const std::size_t taken = put(frame);
  if (taken == 0) return false;
  keep(frame.substr(taken));
  return true;
}

// Sends a small frame of the stream's own.
void WebSocketStream::put_small(Opcode opcode, std::string_view payload) {
  std::array<char, client_header_bytes_max + websocket::control_bytes_max> space;
  payload.copy(space.data() + client_header_bytes_max, websocket::control_bytes_max);
  put_whole(seal(std::span(space).first(client_header_bytes_max + payload.size()), opcode));
}

// Returns an empty frame if there are no random bytes to mask it with.
std::string_view WebSocketStream::seal(std::span<char> space, Opcode opcode) {
  websocket::MaskKey key;
  if (fill_randomly(key)) return websocket::seal(space, opcode, key);
  problem_ = no_randomness();
  return {};
}

void WebSocketStream::put_close(CloseCode code) {
  if (blocked() || !std::exchange(says_goodbye_, false)) return;
  const auto payload = websocket::payload_of(code);
  const bool has_code = code != CloseCode::no_status;
  put_small(Opcode::close, {payload.data(), has_code ? payload.size() : 0});
}

void WebSocketStream::put_whole(std::string_view bytes) { keep(bytes.substr(put(bytes))); }

// Returns how many of the bytes the stream below takes.
std::size_t WebSocketStream::put(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && !below_->blocked()) {
    const std::array<std::string_view, 1> rest{bytes.substr(taken)};
    const std::size_t more = below_->send(rest);
    if (more == 0) break;
    taken += more;
  }
  return taken;
}

// Keeps the rest if the stream below is blocked. Otherwise it has failed, and reading will find the
// end.
void WebSocketStream::keep(std::string_view rest) {
  if (below_->blocked()) backlog_ += rest;
}

void WebSocketStream::push() {
  below_->push();
  std::string waiting;
  std::swap(waiting, backlog_);
  put_whole(waiting);
  put_answers();
}

void WebSocketStream::say_goodbye() {
  if (reader_ && !problem_) put_close(CloseCode::normal);
  below_->say_goodbye();
}

}  // namespace plimsoll::inline v0::native
