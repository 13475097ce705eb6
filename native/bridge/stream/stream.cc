#include "plimsoll/native/bridge/stream/stream.h"

#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace plimsoll::bridge {
namespace {

namespace asio = boost::asio;
using asio::as_tuple;
using asio::use_awaitable;
using Step = native::TlsStream::Step;

// The largest TLS record. The size of its content is known only after decryption.
constexpr std::size_t record_bytes = 16 * 1024;

// drop_input() reads this much at a time, and this many times in a row.
constexpr std::size_t dropped_bytes = 4096;
constexpr int drops_max = 16;

}  // namespace

asio::awaitable<Stream::Problem> Stream::wait_for_bytes() {
  const auto [problem] = co_await socket_.async_wait(Socket::wait_read, as_tuple(use_awaitable));
  co_return problem;
}

asio::awaitable<std::string> Stream::begin_tls(native::TlsContext& context) {
  tls_ = native::TlsStream::create(context, socket_.native_handle());
  return shake_hands();
}

asio::awaitable<std::string> Stream::begin_tls(native::TlsContext& context,
                                               const std::string& host) {
  tls_ = native::TlsStream::create(context, socket_.native_handle(), host);
  return shake_hands();
}

asio::awaitable<std::string> Stream::shake_hands() {
  Problem problem;
  socket_.native_non_blocking(true, problem);
  if (!tls_) co_return "OpenSSL has no memory";
  for (;;) {
    const Step step = tls_->shake_hands();
    if (step == Step::failed) co_return words_of_tls();
    if (tls_->blocked()) tls_->push();
    if (step == Step::done) co_return "";  // the next write sends what is left
    const auto wait = tls_->blocked() ? Socket::wait_write : Socket::wait_read;
    const auto [failed] = co_await socket_.async_wait(wait, as_tuple(use_awaitable));
    if (failed) co_return failed.message();
    // The socket may have been closed after the wait was over. OpenSSL has only its number, which
    // may be another connection's by now.
    if (!socket_.is_open()) co_return "the socket was closed";
  }
}

bool Stream::has_ended() {
  if (tls_) return false;
  char byte = 0;
  return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

bool Stream::has_hung_up() {
  pollfd asked{.fd = socket_.native_handle(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&asked, 1, 0) > 0;
}

std::size_t Stream::available_bytes() {
  Problem ignored;
  const std::size_t shown = socket_.available(ignored);
  return holds_bytes() ? shown + record_bytes : shown;
}

std::size_t Stream::read_now(std::span<char> space, Problem& problem) {
  if (tls_) return receive(space, problem);
  return socket_.read_some(asio::buffer(space.data(), space.size()), problem);
}

std::size_t Stream::receive(std::span<char> space, Problem& problem) {
  const native::TlsStream::Received received = tls_->receive(space);
  problem = {};
  if (received.bytes > 0) return received.bytes;
  switch (received.step) {
    case Step::waits: problem = asio::error::would_block; break;
    case Step::done: problem = asio::error::eof; break;
    case Step::failed: problem = problem_of_tls(); break;
  }
  return 0;
}

std::size_t Stream::write_now(std::string_view bytes, Problem& problem) {
  if (!tls_) return socket_.write_some(asio::buffer(bytes.data(), bytes.size()), problem);
  if (tls_->blocked()) tls_->push();
  const std::size_t sent = tls_->send({&bytes, 1});
  problem = {};
  if (tls_->failed())
    problem = problem_of_tls();
  else if (sent < bytes.size())
    problem = asio::error::would_block;
  return sent;
}

Stream::Problem Stream::problem_of_tls() const {
  if (tls_->problem())
    return boost::system::errc::make_error_code(boost::system::errc::protocol_error);
  if (tls_->socket_problem() == 0) return asio::error::eof;
  return {tls_->socket_problem(), boost::system::system_category()};
}

std::string Stream::words_of_tls() const {
  const auto& problem = tls_->problem();
  if (!problem) return "the TLS handshake was interrupted: " + problem_of_tls().message();
  return "TLS: " + problem->words;
}

void Stream::say_goodbye() {
  if (tls_ && socket_.is_open()) tls_->say_goodbye();
}

void Stream::begin_linger() {
  say_goodbye();
  Problem ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  socket_.non_blocking(true, ignored);
}

// Reads and drops, below TLS. After drops_max reads other connections get their turn. False: the
// peer has ended.
bool Stream::drop_input() {
  std::array<char, dropped_bytes> dropped;
  Problem problem;
  for (int i = 0; i < drops_max && !problem; ++i) socket_.read_some(asio::buffer(dropped), problem);
  return !problem || problem == asio::error::would_block;
}

void Stream::reset() {
  Problem ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  // Not left to the destructor, which would take the option back and linger.
  socket_.close(ignored);
}

void Stream::close() {
  say_goodbye();
  Problem ignored;
  socket_.close(ignored);
}

}  // namespace plimsoll::bridge
