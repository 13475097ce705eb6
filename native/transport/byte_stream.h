#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/native/transport/transport_problem.h"

// What a Connection reads from and writes to: a non-blocking socket, or TLS or a WebSocket over
// one. A stream moves bytes when it is called and never waits; its Connection waits for the socket.
//
// Call order:
//
//     shake_hands() until `done` --> receive(), send(), push() --> say_goodbye()

namespace plimsoll::inline v0::native {

/// Whether `number`, an errno, says that a socket has nothing to read now, or no room to write to.
inline bool would_block(int number) { return number == EAGAIN || number == EWOULDBLOCK; }

class ByteStream {
 public:
  ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;
  virtual ~ByteStream() = default;

  /// Continues the handshake, if the stream has one. After `waits`, call it again once the socket
  /// is readable or, if blocked(), writable.
  enum class Step : std::uint8_t { done, waits, failed };
  virtual Step shake_hands() = 0;

  /// Reads the bytes that are available now, up to the size of `space`.
  struct Received {
    std::size_t bytes = 0;
    Step step = Step::waits;  // done: the peer has closed the connection properly
  };
  virtual Received receive(std::span<char> space) = 0;
  /// True if the stream may hold more bytes that the socket does not signal. Read again without
  /// waiting.
  virtual bool holds_bytes() const = 0;

  /// Sends from the front of `spans` until the stream accepts no more. Returns how many of the
  /// bytes were accepted. Must not be called while blocked().
  virtual std::size_t send(std::span<const std::string_view> spans) = 0;

  /// True if the socket has to become writable before more can be sent. Then call push().
  virtual bool blocked() const = 0;
  virtual void push() = 0;

  /// Tells the peer that the connection ends, if the stream can still send.
  virtual void say_goodbye() = 0;

  /// True if the stream cannot continue.
  virtual bool failed() const = 0;

  /// Why the stream failed. If problem() is empty the socket failed; socket_problem() is then its
  /// errno, or 0 if the connection ended without an error.
  virtual const std::optional<TransportProblem>& problem() const = 0;
  virtual int socket_problem() const = 0;

  /// The errors for a handshake that takes too long, and for a socket that ends during the
  /// handshake.
  virtual TransportProblem silence() const = 0;
  virtual plimsoll::Error early_end() const = 0;

  /// Advice for a socket that ended after the handshake. Mostly empty.
  virtual std::string_view hint() const { return {}; }
};

}  // namespace plimsoll::inline v0::native
