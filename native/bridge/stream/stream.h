#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/system/error_code.hpp>

#include "plimsoll/native/transport/tls_stream.h"

// One connection of the bridge, to a client or to a server: a socket, or TLS over a socket. It is a
// stream for composed operations of Asio and Beast, and has reads and writes that do not wait, for
// relays. TLS is the native client's TlsStream, which holds no buffers while it is idle. At most
// one read and one write may be under way at a time.

namespace plimsoll::bridge {

/// What OpenSSL keeps for a connection with TLS, approximately.
inline constexpr std::size_t tls_bytes = 16 * 1024;

/// How long async_linger() goes on reading from a peer.
inline constexpr std::chrono::seconds linger_timeout{2};

class Stream {
 public:
  using Problem = boost::system::error_code;
  using Socket = boost::asio::generic::stream_protocol::socket;
  using executor_type = boost::asio::any_io_executor;

  explicit Stream(Socket socket) : socket_(std::move(socket)) {}

  Socket& socket() { return socket_; }
  executor_type get_executor() { return socket_.get_executor(); }

  /// Waits until the peer has sent something, or has ended. Keeps nothing for it meanwhile.
  boost::asio::awaitable<Problem> wait_for_bytes();

  /// Performs the TLS handshake. Returns why it failed, or an empty text. `context` must outlive
  /// the stream.
  boost::asio::awaitable<std::string> begin_tls(native::TlsContext& context);
  /// The same, with a server of this name, which may be another than the context's.
  boost::asio::awaitable<std::string> begin_tls(native::TlsContext& context,
                                                const std::string& host);

  /// As a socket's. One read and one write at a time.
  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token);
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token);

  /// Whether TLS may hold decrypted bytes, which waiting for the socket would not show.
  bool holds_bytes() const { return tls_ && tls_->holds_bytes(); }

  /// Whether the peer has ended the connection and nothing is left to read. Always false with TLS,
  /// where only a read can find out.
  bool has_ended();

  /// Whether the peer has ended the connection, although bytes may be left to read.
  bool has_hung_up();

  /// How many bytes can be read now, approximately.
  std::size_t available_bytes();

  /// Reads what is there, or sends what the socket takes; would_block: nothing now. With TLS,
  /// encrypted bytes may be left here (has_rest()); async_write_some() with an empty buffer sends
  /// them.
  std::size_t read_now(std::span<char> space, Problem& problem);
  std::size_t write_now(std::string_view bytes, Problem& problem);
  bool has_rest() const { return tls_ && tls_->blocked(); }

  /// Closes the socket, with TLS after a close_notify. say_goodbye() sends only the close_notify.
  void close();
  void say_goodbye();

  /// Closes the socket at once, and drops what the peer has not taken yet. All operations that are
  /// under way end.
  void reset();

  /// Ends sending, then reads and drops until the peer ends, too, or until linger_timeout. If the
  /// socket were closed at once, what the peer still sends would cause a reset, and the reset would
  /// destroy an answer that the peer has not read yet (RFC 9112, section 9.6).
  template <class Token>
  auto async_linger(Token&& token);

 private:
  struct TlsRead;
  struct TlsWrite;
  struct Linger;

  // The most buffers in one write. Usually there are two: a frame's header and its payload.
  static constexpr std::size_t spans_max = 8;

  boost::asio::awaitable<std::string> shake_hands();
  std::size_t receive(std::span<char> space, Problem& problem);
  void begin_linger();
  bool drop_input();
  Problem problem_of_tls() const;
  std::string words_of_tls() const;

  Socket socket_;
  std::unique_ptr<native::TlsStream> tls_;
};

// Tries to read, and waits for the socket as often as needed. A read that succeeds at once is
// completed by post(), so that it does not complete within the call that starts it.
struct Stream::TlsRead {
  Stream& stream;
  std::span<char> space;
  std::size_t size = 0;
  Problem problem = {};
  enum class At : std::uint8_t { begin, waited, over } at = At::begin;

  template <class Self>
  void operator()(Self& self, const Problem& failed = {}) {
    if (at == At::over) return self.complete(problem, size);
    if (failed) return self.complete(failed, 0);
    if (!stream.socket_.is_open()) return self.complete(boost::asio::error::operation_aborted, 0);
    size = stream.receive(space, problem);
    if (problem == boost::asio::error::would_block) {
      at = At::waited;
      return stream.socket_.async_wait(Socket::wait_read, std::move(self));
    }
    if (at == At::waited) return self.complete(problem, size);
    at = At::over;
    boost::asio::post(stream.get_executor(), std::move(self));
  }
};

struct Stream::TlsWrite {
  Stream& stream;
  std::array<std::string_view, spans_max> spans = {};
  std::size_t count = 0;
  std::size_t size = 0;
  bool is_sent = false;
  bool has_waited = false;

  template <class Self>
  void operator()(Self& self, const Problem& failed = {}) {
    if (failed) return self.complete(failed, 0);
    if (!stream.socket_.is_open()) return self.complete(boost::asio::error::operation_aborted, 0);
    native::TlsStream& tls = *stream.tls_;
    if (tls.blocked()) tls.push();
    if (!tls.blocked() && !is_sent) {
      is_sent = true;
      size = tls.send(std::span(spans).first(count));
    }
    if (tls.blocked()) {
      has_waited = true;
      return stream.socket_.async_wait(Socket::wait_write, std::move(self));
    }
    if (!has_waited) {
      has_waited = true;
      return boost::asio::post(stream.get_executor(), std::move(self));
    }
    const bool is_over = tls.failed() || (size == 0 && count > 0);
    self.complete(is_over ? stream.problem_of_tls() : Problem(), size);
  }
};

// Always completes after a wait, and with success: nothing depends on how the peer ended.
struct Stream::Linger {
  // Shared with the timer's handler, which may still run when the operation is over.
  struct Deadline {
    boost::asio::steady_timer timer;
    bool is_over = false;
  };

  Stream& stream;
  std::shared_ptr<Deadline> deadline = nullptr;

  template <class Self>
  void operator()(Self& self, const Problem& failed = {}) {
    if (!deadline) {
      begin();
    } else if (failed || !stream.drop_input()) {
      deadline->is_over = true;
      deadline->timer.cancel();
      Problem ignored;
      stream.socket_.close(ignored);
      return self.complete({});
    }
    stream.socket_.async_wait(Socket::wait_read, std::move(self));
  }

  void begin() {
    stream.begin_linger();
    deadline = std::make_shared<Deadline>(
        Deadline{.timer = boost::asio::steady_timer(stream.get_executor(), linger_timeout)});
    deadline->timer.async_wait([shared = deadline, &to = stream](const Problem&) {
      Problem ignored;
      if (!shared->is_over) to.socket_.close(ignored);
    });
  }
};

template <class Buffers, class Token>
auto Stream::async_read_some(const Buffers& buffers, Token&& token) {
  return boost::asio::async_initiate<Token, void(Problem, std::size_t)>(
      [this](auto handler, const Buffers& spaces) {
        if (!tls_) return socket_.async_read_some(spaces, std::move(handler));
        TlsRead read{.stream = *this, .space = {}};
        const auto end = boost::asio::buffer_sequence_end(spaces);
        for (auto at = boost::asio::buffer_sequence_begin(spaces); at != end; ++at) {
          const boost::asio::mutable_buffer space(*at);
          if (!read.space.empty() || space.size() == 0) continue;
          read.space = {static_cast<char*>(space.data()), space.size()};
        }
        boost::asio::async_compose<decltype(handler), void(Problem, std::size_t)>(std::move(read),
                                                                                  handler, socket_);
      },
      token, buffers);
}

template <class Buffers, class Token>
auto Stream::async_write_some(const Buffers& buffers, Token&& token) {
  return boost::asio::async_initiate<Token, void(Problem, std::size_t)>(
      [this](auto handler, const Buffers& pieces) {
        if (!tls_) return socket_.async_write_some(pieces, std::move(handler));
        TlsWrite write{.stream = *this};
        const auto end = boost::asio::buffer_sequence_end(pieces);
        for (auto at = boost::asio::buffer_sequence_begin(pieces); at != end; ++at) {
          const boost::asio::const_buffer piece(*at);
          if (write.count == spans_max || piece.size() == 0) continue;
          write.spans[write.count++] = {static_cast<const char*>(piece.data()), piece.size()};
        }
        boost::asio::async_compose<decltype(handler), void(Problem, std::size_t)>(std::move(write),
                                                                                  handler, socket_);
      },
      token, buffers);
}

template <class Token>
auto Stream::async_linger(Token&& token) {
  return boost::asio::async_compose<Token, void(Problem)>(Linger{.stream = *this}, token, socket_);
}

// Beast calls these at the end of a WebSocket, and when it gives one up; it finds them by their
// names (argument-dependent lookup). Beast's own teardown of a socket would read only once.

template <class Handler>
void async_teardown(boost::beast::role_type, Stream& stream, Handler&& handler) {
  stream.async_linger(std::forward<Handler>(handler));
}

inline void beast_close_socket(Stream& stream) { stream.close(); }

}  // namespace plimsoll::bridge
