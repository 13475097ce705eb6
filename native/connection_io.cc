#include <array>

#include <boost/asio/post.hpp>

#include "plimsoll/native/connection.h"
#include "plimsoll/native/driver_io.h"
#include "plimsoll/native/websocket_stream.h"

// What flows over a connection.

namespace plimsoll::native {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Requests go out in pieces of up to this many spans: a megabyte at a time.
constexpr std::size_t spans_per_write = 16;

// Segments read before others on the executor get their chance.
constexpr int reads_per_turn = 4;

}  // namespace

void Connection::arm_read() {
  if (phase_ < Phase::shaking_hands || driver_.inherited()) return;
  if (websocket_ != nullptr && websocket_->is_starved()) grant();
  if (reading_) return;
  if (stream_->holds_bytes()) return read_soon();
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
  const ByteStream::Received received = stream_->receive(space);
  driver_.handle_read(id_, received.bytes);
  const std::uint64_t attempt = attempt_;
  if (received.bytes > 0) driver_.run_turn();
  if (attempt != attempt_) return false;
  switch (received.step) {
    case ByteStream::Step::waits: break;
    case ByteStream::Step::done: handle_failed(asio::error::eof); return false;
    case ByteStream::Step::failed: handle_stream_failed(); return false;
  }
  wait_if_blocked();
  if (stream_->holds_bytes()) return true;
  arm_read();
  return false;
}

void Connection::wait_if_blocked() {
  if (stream_->blocked() && !write_blocked_) wait_writable();
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
  stream_->push();
  if (stream_->blocked()) return wait_writable();
  if (phase_ == Phase::shaking_hands) return shake_hands();
  driver_.run_turn();
}

void Connection::flush() {
  if (phase_ != Phase::open || write_blocked_) return;
  std::array<std::string_view, spans_per_write> spans;
  std::size_t count = driver_.poll_transmit(id_, spans);
  while (count > 0) {
    const std::size_t sent = stream_->send(std::span(spans).first(count));
    const bool may_go_on = sent > 0 && !stream_->blocked();
    count = driver_.handle_written(id_, sent, may_go_on ? spans : std::span<std::string_view>());
  }
  if (stream_->blocked()) return wait_writable();
  if (stream_->failed()) fail_soon();
}

// Not in the middle of a turn.
void Connection::fail_soon() {
  asio::post(driver_.executor(), [self = driver_.shared_from_this(), this, attempt = attempt_] {
    if (attempt == attempt_ && !self->inherited()) handle_stream_failed();
  });
}

}  // namespace plimsoll::native
