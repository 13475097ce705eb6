#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "plimsoll/native/transport/byte_stream.h"
#include "plimsoll/native/transport/tls_context.h"
#include "plimsoll/native/transport/tls_problem.h"

// TLS over one non-blocking socket. OpenSSL does the protocol; this class moves its bytes. Bytes
// that the socket does not take at once wait here. So a record that has begun is never taken back:
// for the core it is sent.
//
// Invariants:
// - send() begins no record while the backlog has bytes. So the backlog has at most the rest of one
//   record of requests, and records that OpenSSL sends by itself (answers to requests for new
//   keys), up to backlog_bytes_max in all.
// - put_bytes_ counts the bytes that the socket took and those in the backlog: write_record() sees
//   from it whether any part of a record is on its way.
// - After broken_ nothing is sent any more, but reading continues, since replies may have come
//   before the end. After failed_ OpenSSL is not called any more.

struct ssl_st;
struct bio_st;
struct bio_method_st;

namespace plimsoll::inline v0::native {

class TlsStream final : public ByteStream {
 public:
  /// send() accepts this many bytes as a whole or not at all.
  static constexpr std::size_t record_bytes_max = 16 * 1024;

  /// Makes a stream over `socket`, which the caller owns. Null: out of memory.
  static std::unique_ptr<TlsStream> create(TlsContext& context, int socket);
  /// The same, to another host than the context's.
  static std::unique_ptr<TlsStream> create(TlsContext& context, int socket,
                                           const std::string& host);
  ~TlsStream() override;

  Step shake_hands() override;
  /// Reads everything that is available. Call it again if `space` was filled.
  Received receive(std::span<char> space) override;
  bool holds_bytes() const override { return holds_bytes_; }
  /// Gathers the spans into full records.
  std::size_t send(std::span<const std::string_view> spans) override;
  bool blocked() const override { return !backlog_.empty(); }
  void push() override;
  void say_goodbye() override;
  bool failed() const override { return failed_; }
  const std::optional<TransportProblem>& problem() const override { return problem_; }
  int socket_problem() const override { return socket_problem_; }
  TransportProblem silence() const override;
  plimsoll::Error early_end() const override;

 private:
  explicit TlsStream(int socket) : socket_(socket) {}
  static std::unique_ptr<TlsStream> make(TlsContext& context, int socket,
                                         std::unique_ptr<ssl_st, FreeSsl> ssl);

  static const bio_method_st* method();
  static int handle_write(bio_st* bio, const char* data, int size);
  static int handle_read(bio_st* bio, char* data, int size);
  static long handle_control(bio_st* bio, int command, long number, void* data);
  static int handle_verified(int good, x509_store_ctx_st* verification);

  bool put(std::string_view bytes);
  int take(std::span<char> space);
  bool write_record(std::string_view bytes);
  Step fail(int result);

  const int socket_;
  std::string wanted_;  // the host that the server's certificate must be valid for
  std::unique_ptr<ssl_st, FreeSsl> ssl_;
  std::string backlog_;          // bytes that the socket did not take
  std::uint64_t put_bytes_ = 0;  // bytes that the socket took or that wait in the backlog
  bool broken_ = false;          // sending failed; bytes that came before are still to be read
  bool drained_ = false;         // the socket returned less than it was asked for
  bool ended_ = false;           // the socket has ended
  bool established_ = false;     // the handshake is complete
  bool failed_ = false;          // no further call of OpenSSL is allowed
  bool holds_bytes_ = false;
  Heard heard_ = Heard::nothing;
  int socket_problem_ = 0;
  std::optional<TransportProblem> problem_;
};

}  // namespace plimsoll::inline v0::native
