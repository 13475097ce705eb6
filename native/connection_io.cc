#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

#include <boost/asio/post.hpp>

#include "plimsoll/native/connection.h"
#include "plimsoll/native/driver_io.h"

// What flows over a connection.

namespace plimsoll::native {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Requests go out in pieces of up to this many spans: a megabyte at a time.
constexpr std::size_t spans_per_write = 16;

// Segments read before others on the executor get their chance.
constexpr int reads_per_turn = 4;

error_code system_error(int number) { return {number, boost::system::system_category()}; }

bool would_block(int number) { return number == EAGAIN || number == EWOULDBLOCK; }

// How the answer of a server begins that has TLS and was spoken to without. No RESP begins so.
constexpr char tls_alert = 0x15;

constexpr plimsoll::Error speaks_tls{.code = ErrorCode::tls_failed,
                                     .what = "the server speaks TLS here",
                                     .expected = "valkeys:// in the address"};

}  // namespace

void Connection::arm_read() {
  if (phase_ < Phase::shaking_hands || reading_ || driver_.inherited()) return;
  if (tls_ && tls_->holds_bytes()) return read_soon();
  reading_ = true;
  socket_.async_wait(asio::socket_base::wait_read, [self = driver_.shared_from_this(), this,
                                                    attempt = attempt_](const error_code&) {
    if (attempt != attempt_ || self->inherited()) return;
    reading_ = false;
    handle_readable();
  });
}

// Others on the executor have their chance first.
void Connection::read_soon() {
  reading_ = true;
  asio::post(driver_.executor(), [self = driver_.shared_from_this(), this, attempt = attempt_] {
    if (attempt != attempt_ || self->inherited()) return;
    reading_ = false;
    handle_readable();
  });
}

void Connection::handle_readable() {
  if (phase_ == Phase::shaking_hands) return shake_hands();
  const std::uint64_t attempt = attempt_;
  for (int i = 0; i < reads_per_turn; ++i) {
    if (!read_once()) return;
    if (attempt != attempt_) return;
  }
  arm_read();
}

// Reads once and delivers what came. Returns whether there may be more to read.
bool Connection::read_once() {
  const std::span<char> space = driver_.read_space(id_);
  if (space.empty()) {
    driver_.arm_timer();  // the core may want to be asked again by then
    return false;
  }
  return tls_ ? read_tls(space) : read_plain(space);
}

bool Connection::read_plain(std::span<char> space) {
  const ssize_t count = ::recv(socket_.native_handle(), space.data(), space.size(), 0);
  const int problem = count < 0 ? errno : 0;
  if (count > 0 && !heard_) {
    heard_ = true;
    if (space.front() == tls_alert) {
      driver_.handle_read(id_, 0);
      handle_failed(speaks_tls, "it answered with an alert of TLS");
      return false;
    }
  }
  driver_.handle_read(id_, count > 0 ? static_cast<std::size_t>(count) : 0);
  if (count == 0) {
    // The system tells its reason once, and sending may have been first to hear it.
    handle_failed(write_problem_ ? write_problem_ : asio::error::eof);
    return false;
  }
  if (count < 0 && !would_block(problem) && problem != EINTR) {
    handle_failed(system_error(problem));
    return false;
  }
  if (count > 0) driver_.run_turn();
  if (static_cast<std::size_t>(count) == space.size()) return true;
  arm_read();
  return false;
}

bool Connection::read_tls(std::span<char> space) {
  const TlsStream::Received received = tls_->receive(space);
  driver_.handle_read(id_, received.bytes);
  const std::uint64_t attempt = attempt_;
  if (received.bytes > 0) driver_.run_turn();
  if (attempt != attempt_) return false;
  switch (received.step) {
    case TlsStream::Step::waits: break;
    case TlsStream::Step::done: handle_failed(asio::error::eof); return false;
    case TlsStream::Step::failed: handle_tls_failed(); return false;
  }
  if (tls_->blocked() && !write_blocked_) wait_writable();
  if (tls_->holds_bytes()) return true;
  arm_read();
  return false;
}

void Connection::wait_writable() {
  write_blocked_ = true;
  socket_.async_wait(asio::socket_base::wait_write, [self = driver_.shared_from_this(), this,
                                                     attempt = attempt_](const error_code&) {
    if (attempt != attempt_ || self->inherited()) return;
    handle_writable();
  });
}

void Connection::handle_writable() {
  write_blocked_ = false;
  error_code problem;
  register_afresh(problem);
  if (problem) return handle_failed(problem);
  if (tls_) {
    tls_->push();
    if (tls_->blocked()) return wait_writable();
    if (phase_ == Phase::shaking_hands) return shake_hands();
  }
  driver_.run_turn();
}

void Connection::flush() {
  if (phase_ != Phase::open || write_blocked_) return;
  tls_ ? flush_tls() : flush_plain();
}

void Connection::flush_tls() {
  std::array<std::string_view, spans_per_write> spans;
  std::size_t count = driver_.poll_transmit(id_, spans);
  while (count > 0) {
    const std::size_t sent = tls_->send(std::span(spans).first(count));
    const bool may_go_on = sent > 0 && !tls_->blocked();
    count = driver_.handle_written(id_, sent, may_go_on ? spans : std::span<std::string_view>());
  }
  if (tls_->blocked()) return wait_writable();
  if (tls_->failed()) fail_soon();
}

// Not in the middle of a turn.
void Connection::fail_soon() {
  asio::post(driver_.executor(), [self = driver_.shared_from_this(), this, attempt = attempt_] {
    if (attempt == attempt_ && !self->inherited()) handle_tls_failed();
  });
}

void Connection::flush_plain() {
  std::array<std::string_view, spans_per_write> spans;
  for (std::size_t count = driver_.poll_transmit(id_, spans); count > 0;) {
    std::array<iovec, spans_per_write> pieces;
    for (std::size_t i = 0; i < count; ++i) {
      pieces[i] = {const_cast<char*>(spans[i].data()), spans[i].size()};
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
    if (sent >= 0 || errno == EINTR) {
      const std::size_t written = sent > 0 ? static_cast<std::size_t>(sent) : 0;
      count = driver_.handle_written(id_, written, spans);
      continue;
    }
    const int problem = errno;
    driver_.handle_written(id_, 0, {});
    // Reading will find the end, behind the replies that may have come before.
    if (would_block(problem)) return wait_writable();
    if (problem != EPIPE) write_problem_ = system_error(problem);
    return;
  }
}

}  // namespace plimsoll::native
