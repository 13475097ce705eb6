#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/native/transport/transport_problem.h"

// What a Connection reads from and writes to: a socket that does not block, or TLS or a WebSocket
// over it. A stream moves bytes when it is asked to and waits for nothing: its Connection does.

namespace plimsoll::native {

/// Whether `number`, an errno, says that a socket has nothing to read now, or no room to write.
inline bool would_block(int number) { return number == EAGAIN || number == EWOULDBLOCK; }

class ByteStream {
 public:
  ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;
  virtual ~ByteStream() = default;

  /// Goes on with the handshake, where there is one. After `waits`: again once the socket is
  /// readable, or writable where blocked().
  enum class Step : std::uint8_t { done, waits, failed };
  virtual Step shake_hands() = 0;

  /// Reads what there is, as far as `space` reaches.
  struct Received {
    std::size_t bytes = 0;
    Step step = Step::waits;  // done: the peer has ended the connection, in order
  };
  virtual Received receive(std::span<char> space) = 0;
  /// There may be more, which the socket shows no more: to be read without waiting.
  virtual bool holds_bytes() const = 0;

  /// Sends from the front of `spans` until no more is taken. Returns how many of the bytes are on
  /// their way. Not while blocked().
  virtual std::size_t send(std::span<const std::string_view> spans) = 0;

  /// The socket has to be writable before more can be sent; then push().
  virtual bool blocked() const = 0;
  virtual void push() = 0;

  /// Tells the peer that this is the end, if it can still be told.
  virtual void say_goodbye() = 0;

  /// It can go on no more.
  virtual bool failed() const = 0;

  /// Then: why, unless it was the socket's fault, whose number (errno) is here then, 0 for an end
  /// without a word.
  virtual const std::optional<TransportProblem>& problem() const = 0;
  virtual int socket_problem() const = 0;

  /// Why, where the handshake takes too long, and where the socket ended amid it.
  virtual TransportProblem silence() const = 0;
  virtual plimsoll::Error early_end() const = 0;

  /// What may help where the socket ended behind the handshake; empty mostly.
  virtual std::string_view hint() const { return {}; }
};

}  // namespace plimsoll::native
