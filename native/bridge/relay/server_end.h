#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>

#include "plimsoll/native/bridge/shared/shared_session.h"
#include "plimsoll/native/bridge/stream/stream.h"

namespace plimsoll::bridge {

/// The server, as a relay sees it: a connection of the relay's own, or a session at connections
/// that it shares with others. A stream for composed operations of Asio. Move-only.
class ServerEnd {
 public:
  using Problem = boost::system::error_code;
  using executor_type = boost::asio::any_io_executor;

  explicit ServerEnd(Stream stream) : end_(std::move(stream)) {}
  explicit ServerEnd(std::shared_ptr<SharedSession> session) : end_(std::move(session)) {}
  ServerEnd(ServerEnd&&) = default;
  ServerEnd& operator=(ServerEnd&&) = delete;
  ~ServerEnd() { close(); }

  executor_type get_executor() {
    return stream() != nullptr ? stream()->get_executor() : session().get_executor();
  }

  /// The relay begins.
  void begin();

  /// Whether a server that takes no requests for long is stuck. A session takes none while a
  /// command runs alone, for any time.
  bool is_own_connection() { return stream() != nullptr; }

  /// As those of a Stream.
  std::size_t read_now(std::span<char> space, Problem& problem);
  std::size_t write_now(std::string_view bytes, Problem& problem);
  bool has_rest() { return stream() != nullptr && stream()->has_rest(); }
  bool holds_bytes();
  bool has_ended();
  std::size_t available_bytes();

  /// Why the server is gone.
  std::string words_of(const Problem& problem);

  /// What has ended it.
  SharedSession::Cause cause() {
    return stream() == nullptr ? session().cause() : SharedSession::Cause::server_gone;
  }

  /// The client has gone for good.
  void forget_client() {
    if (stream() == nullptr) session().forget_client();
  }

  void close();

  template <class Token>
  auto async_read_some(const boost::asio::mutable_buffer& buffer, Token&& token) {
    return boost::asio::async_initiate<Token, void(Problem, std::size_t)>(
        [this](auto handler, const boost::asio::mutable_buffer& space) {
          if (stream() != nullptr) return stream()->async_read_some(space, std::move(handler));
          session().read({static_cast<char*>(space.data()), space.size()}, std::move(handler));
        },
        token, buffer);
  }

  template <class Token>
  auto async_write_some(const boost::asio::const_buffer& buffer, Token&& token) {
    return boost::asio::async_initiate<Token, void(Problem, std::size_t)>(
        [this](auto handler, const boost::asio::const_buffer& bytes) {
          if (stream() != nullptr) return stream()->async_write_some(bytes, std::move(handler));
          session().write({static_cast<const char*>(bytes.data()), bytes.size()},
                          std::move(handler));
        },
        token, buffer);
  }

  /// Waits until something can be read, or the server has ended.
  template <class Token>
  auto async_wait(Token&& token) {
    return boost::asio::async_initiate<Token, void(Problem)>(
        [this](auto handler) {
          if (stream() == nullptr) return session().wait_for_bytes(std::move(handler));
          stream()->socket().async_wait(Stream::Socket::wait_read, std::move(handler));
        },
        token);
  }

 private:
  Stream* stream() { return std::get_if<Stream>(&end_); }
  SharedSession& session() { return *std::get<std::shared_ptr<SharedSession>>(end_); }

  std::variant<Stream, std::shared_ptr<SharedSession>> end_;
};

}  // namespace plimsoll::bridge
