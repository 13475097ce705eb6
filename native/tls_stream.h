#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "plimsoll/native/tls_context.h"
#include "plimsoll/native/tls_problem.h"

// TLS over one socket that does not block: what a Connection reads from and writes to in place of
// the socket. OpenSSL does the protocol, this moves its bytes. What the socket does not take at
// once waits here, one record of requests at most, so that a record which has begun is never taken
// back: to the core it is sent. And OpenSSL may hold bytes that the socket shows no more:
// holds_bytes() says when to read without waiting.

struct ssl_st;
struct bio_st;
struct bio_method_st;

namespace plimsoll::native {

class TlsStream {
 public:
  /// Over `socket`, which stays the caller's. Null: out of memory.
  static std::unique_ptr<TlsStream> create(TlsContext& context, int socket);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  /// Goes on with the handshake. After `waits`: again once the socket is readable, or writable
  /// where blocked().
  enum class Step : std::uint8_t { done, waits, failed };
  Step shake_hands();

  /// Reads all there is, as far as `space` reaches: once more where that was filled.
  struct Received {
    std::size_t bytes = 0;
    Step step = Step::waits;  // done: the peer has ended the connection, in order
  };
  Received receive(std::span<char> space);
  bool holds_bytes() const { return holds_bytes_; }

  /// Encrypts and sends from the front of `spans`, gathered into full records, until the socket
  /// takes no more. Returns how many of the bytes are on their way. Not while blocked().
  std::size_t send(std::span<const std::string_view> spans);

  /// Something waits for the socket to be writable; push() sends it.
  bool blocked() const { return !backlog_.empty(); }
  void push();

  /// Tells the peer that this is the end, if it can still be told.
  void say_goodbye();

  /// It can go on no more.
  bool failed() const { return failed_; }

  /// Then: why, unless it was the socket's fault, whose number (errno) is here then, 0 for an end
  /// without a word.
  const std::optional<TlsProblem>& problem() const { return problem_; }
  int socket_problem() const { return socket_problem_; }

  /// What the peer has said so far.
  Heard heard() const { return heard_; }

 private:
  TlsStream(TlsContext& context, int socket) : context_(context), socket_(socket) {}

  static const bio_method_st* method();
  static int handle_write(bio_st* bio, const char* data, int size);
  static int handle_read(bio_st* bio, char* data, int size);
  static long handle_control(bio_st* bio, int command, long number, void* data);
  static int handle_verified(int good, x509_store_ctx_st* verification);

  bool put(std::string_view bytes);
  int take(std::span<char> space);
  bool write_record(std::string_view bytes);
  Step fail(int result);

  TlsContext& context_;
  const int socket_;
  std::unique_ptr<ssl_st, FreeSsl> ssl_;
  std::string backlog_;          // what the socket did not take
  std::uint64_t put_bytes_ = 0;  // that it took, or that wait
  bool broken_ = false;          // sending failed; what came before is still to be read
  bool drained_ = false;         // the socket had less than it was asked for
  bool ended_ = false;           // the socket has ended
  bool established_ = false;     // hands are shaken
  bool failed_ = false;          // OpenSSL must not be asked again
  bool holds_bytes_ = false;
  Heard heard_ = Heard::nothing;
  int socket_problem_ = 0;
  std::optional<TlsProblem> problem_;
};

}  // namespace plimsoll::native
