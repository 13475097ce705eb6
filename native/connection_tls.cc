#include <boost/asio/error.hpp>

#include "plimsoll/native/connection.h"
#include "plimsoll/native/driver_io.h"

// How a connection gets its TLS.

namespace plimsoll::native {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr plimsoll::Error out_of_memory{.code = ErrorCode::out_of_memory,
                                        .what = "there is no memory for TLS"};

constexpr plimsoll::Error silence{
    .code = ErrorCode::tls_failed,
    .what = "the server does not answer the TLS handshake",
    .expected = "a server that speaks TLS here; valkey:// in the address for one that does not"};

constexpr plimsoll::Error ended{
    .code = ErrorCode::connect_failed,
    .what = "the connection ended during the TLS handshake",
    .expected = "a server that speaks TLS here, with room for one more"};

}  // namespace

void Connection::begin_tls() {
  tls_ = TlsStream::create(*driver_.tls(), socket_.native_handle());
  driver_.handle_tls_files_read();
  if (tls_ == nullptr) return handle_failed(out_of_memory, "OpenSSL has none");
  phase_ = Phase::shaking_hands;
  // A server that does not speak TLS may wait for the end of a line, for ever. Say so before the
  // core gives the attempt up, which knows nothing of TLS.
  if (!patience_) patience_.emplace(driver_.executor());
  patience_->expires_after(driver_.target_.options.connect_timeout / 4 * 3);
  patience_->async_wait(
      [self = driver_.shared_from_this(), this, attempt = attempt_](const error_code& problem) {
        if (problem || attempt != attempt_ || self->inherited()) return;
        if (phase_ == Phase::shaking_hands) handle_tls_silence();
      });
  shake_hands();
}

void Connection::shake_hands() {
  switch (tls_->shake_hands()) {
    case TlsStream::Step::done:
      patience_->cancel();
      // What is left of it to be sent goes before all else.
      if (tls_->blocked() && !write_blocked_) wait_writable();
      return handle_open();
    case TlsStream::Step::waits:
      if (tls_->blocked() && !write_blocked_) wait_writable();
      return arm_read();
    case TlsStream::Step::failed: return handle_tls_failed();
  }
}

void Connection::handle_tls_silence() {
  const bool answered = tls_->heard() != Heard::nothing;
  handle_failed(silence, answered ? "it began to, and fell silent" : "not a byte came");
}

void Connection::handle_tls_failed() {
  if (tls_->problem()) {
    const TlsProblem problem = *tls_->problem();
    return handle_failed(problem.error, problem.words);
  }
  const int number = tls_->socket_problem();
  error_code problem(number, boost::system::system_category());
  if (number == 0) problem = asio::error::eof;
  if (phase_ == Phase::open) return handle_failed(problem);
  handle_failed(ended, problem.message());
}

}  // namespace plimsoll::native
