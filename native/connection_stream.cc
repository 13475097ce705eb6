#include <string>
#include <utility>

#include <boost/asio/error.hpp>

#include "plimsoll/native/connection.h"
#include "plimsoll/native/driver_io.h"
#include "plimsoll/native/plain_stream.h"
#include "plimsoll/native/tls_stream.h"
#include "plimsoll/native/websocket/opening.h"
#include "plimsoll/native/websocket/protocol.h"
#include "plimsoll/native/websocket_stream.h"

// What a connection has between the core and its socket, and how that begins and fails.

namespace plimsoll::native {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr plimsoll::Error out_of_memory{.code = ErrorCode::out_of_memory,
                                        .what = "there is no memory for TLS"};

constexpr plimsoll::Error no_token{.code = ErrorCode::invalid_option,
                                   .what = "the token is none that could be shown",
                                   .expected = "printable ASCII, 4096 bytes at most"};

}  // namespace

void Connection::begin_stream() {
  const int socket = socket_.native_handle();
  std::string shown;
  if (driver_.tls() != nullptr) {
    stream_ = TlsStream::create(*driver_.tls(), socket);
    driver_.handle_tls_files_read();
    shown = driver_.tls()->own_certificate();
    if (stream_ == nullptr) return handle_failed(out_of_memory, "OpenSSL has none");
  } else {
    stream_ = std::make_unique<PlainStream>(socket);
  }
  if (driver_.is_over_bridge() && !begin_websocket(shown)) return;
  driver_.note_shown(*this, shown);
  phase_ = Phase::shaking_hands;
  const std::uint64_t attempt = attempt_;
  shake_hands();
  if (attempt == attempt_ && phase_ == Phase::shaking_hands) await_handshake();
}

bool Connection::begin_websocket(std::string& shown) {
  std::string token = driver_.token();
  if (!token.empty() && !websocket::is_token(token)) {
    handle_failed(no_token, "nothing was sent");
    return false;
  }
  const Endpoint& endpoint = driver_.target_.endpoint;
  const auto usual_port = driver_.tls() ? websocket::tls_port : websocket::plain_port;
  websocket::Opening opening;
  opening.host = endpoint.authority(usual_port);
  opening.path = endpoint.path;
  shown.append(1, '\0').append(token);
  opening.token = std::move(token);
  if (!window_) window_.emplace(driver_.core_.replies_account());
  auto stream = std::make_unique<WebSocketStream>(std::move(stream_), std::move(opening), *window_);
  websocket_ = stream.get();
  stream_ = std::move(stream);
  return true;
}

// Whoever does not speak what is spoken here may wait for the end of a line, for ever. Say so
// before the core gives the attempt up, which knows nothing of streams.
void Connection::await_handshake() {
  if (!patience_) patience_.emplace(driver_.executor());
  patience_->expires_after(driver_.target_.options.connect_timeout / 4 * 3);
  patience_->async_wait(
      [self = driver_.shared_from_this(), this, attempt = attempt_](const error_code& problem) {
        if (problem || attempt != attempt_ || self->inherited()) return;
        if (phase_ != Phase::shaking_hands) return;
        const TransportProblem silence = stream_->silence();
        handle_failed(silence.error, silence.words);
      });
}

void Connection::shake_hands() {
  switch (stream_->shake_hands()) {
    case ByteStream::Step::done:
      if (patience_) patience_->cancel();
      // What is left of it to be sent goes before all else.
      wait_if_blocked();
      return handle_open();
    case ByteStream::Step::waits: wait_if_blocked(); return arm_read();
    case ByteStream::Step::failed: return handle_stream_failed();
  }
}

void Connection::handle_stream_failed() {
  if (stream_->problem()) {
    const TransportProblem problem = *stream_->problem();
    // A token was not taken: the next attempt wants another one.
    if (problem.error.code == ErrorCode::authentication_failed && driver_.credentials()) {
      driver_.credentials()->handle_refused();
    }
    return handle_failed(problem.error, problem.words);
  }
  const int number = stream_->socket_problem();
  error_code problem(number, boost::system::system_category());
  if (number == 0) problem = asio::error::eof;
  if (phase_ == Phase::open) return handle_failed(problem);
  handle_failed(stream_->early_end(), problem.message());
}

// The bridge may send more, as far as there is memory for it. The Budget tells when there is.
void Connection::grant() {
  if (websocket_ == nullptr || phase_ != Phase::open) return;
  websocket_->grant();
  if (websocket_->is_starved()) {
    // Ask to be told first, then look again: what is released in between is not missed.
    driver_.wait_for_memory();
    websocket_->grant();
  }
  wait_if_blocked();
}

}  // namespace plimsoll::native
