#include "plimsoll/native/transport/tls_stream.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "plimsoll/native/base/span_reader.h"

namespace plimsoll::inline v0::native {
namespace {

constexpr std::size_t record_bytes_max = TlsStream::record_bytes_max;
static_assert(record_bytes_max == SSL3_RT_MAX_PLAIN_LENGTH);

// The limit for a peer that requests new keys again and again and does not read the answers.
constexpr std::size_t backlog_bytes_max = 16 * record_bytes_max;

TlsStream& stream_of(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

// The types of TLS records: change_cipher_spec, alert, handshake, application data.
bool is_record(unsigned char first) { return first >= 0x14 && first <= 0x17; }

constexpr plimsoll::Error silent{
    .code = ErrorCode::tls_failed,
    .what = "the server does not answer the TLS handshake",
    .expected =
        "a server that speaks TLS here; valkey:// or ws:// in the address for one that does not"};

constexpr plimsoll::Error ended_early{
    .code = ErrorCode::connect_failed,
    .what = "the connection ended during the TLS handshake",
    .expected = "a server that speaks TLS here, with room for one more"};

}  // namespace

const bio_method_st* TlsStream::method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "plimsoll");
    if (made == nullptr) return made;
    BIO_meth_set_write(made, &TlsStream::handle_write);
    BIO_meth_set_read(made, &TlsStream::handle_read);
    BIO_meth_set_ctrl(made, &TlsStream::handle_control);
    return made;
  }();
  return method;
}

std::unique_ptr<TlsStream> TlsStream::create(TlsContext& context, int socket) {
  return make(context, socket, context.open());
}

std::unique_ptr<TlsStream> TlsStream::create(TlsContext& context, int socket,
                                             const std::string& host) {
  return make(context, socket, context.open(host));
}

std::unique_ptr<TlsStream> TlsStream::make(TlsContext& context, int socket,
                                           std::unique_ptr<ssl_st, FreeSsl> ssl_state) {
  std::unique_ptr<TlsStream> stream(new TlsStream(socket));
  stream->ssl_ = std::move(ssl_state);
  stream->wanted_ = context.wanted();
  if (stream->ssl_ == nullptr || method() == nullptr) return nullptr;
  SSL* const ssl = stream->ssl_.get();
  BIO* const bio = BIO_new(method());
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, stream.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_app_data(ssl, stream.get());
  if (context.is_server()) {
    SSL_set_accept_state(ssl);
    return stream;
  }
  const bool verified = context.options().verify != TlsOptions::Verify::insecure_none;
  SSL_set_verify(ssl, verified ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                 verified ? &TlsStream::handle_verified : nullptr);
  SSL_set_connect_state(ssl);
  return stream;
}

TlsStream::~TlsStream() {
  // Marks a shutdown, so that OpenSSL keeps the session: it can be resumed after a lost connection.
  if (ssl_ && established_) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

TlsStream::Step TlsStream::shake_hands() {
  drained_ = false;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) return fail(result);
  established_ = true;
  // There may be data after the handshake that was read together with it.
  holds_bytes_ = SSL_has_pending(ssl_.get()) == 1;
  return Step::done;
}

TlsStream::Received TlsStream::receive(std::span<char> space) {
  if (failed_) return {.bytes = 0, .step = Step::failed};
  drained_ = false;
  Received received;
  while (received.bytes < space.size()) {
    ERR_clear_error();
    std::size_t count = 0;
    const std::span<char> rest = space.subspan(received.bytes);
    const int result = SSL_read_ex(ssl_.get(), rest.data(), rest.size(), &count);
    received.bytes += count;
    if (result == 1) continue;
    holds_bytes_ = false;
    received.step = fail(result);
    return received;
  }
  holds_bytes_ = SSL_has_pending(ssl_.get()) == 1;  // the socket itself signals what it still has
  return received;
}

// Interprets the result of an OpenSSL operation that did not succeed.
TlsStream::Step TlsStream::fail(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return Step::waits;
    case SSL_ERROR_ZERO_RETURN: return Step::done;
    default: break;
  }
  failed_ = true;
  const bool blame_socket = !problem_ && (ended_ || socket_problem_ != 0);
  if (blame_socket) {
    ERR_clear_error();
  } else if (!problem_) {
    problem_ = failure_of_openssl(heard_);
  }
  return Step::failed;
}

std::size_t TlsStream::send(std::span<const std::string_view> spans) {
  SpanReader from(spans);
  std::size_t sent = 0;
  std::array<char, record_bytes_max> gathered;
  while (!blocked()) {
    const std::string_view record = from.take(gathered);
    if (record.empty() || !write_record(record)) return sent;
    sent += record.size();
  }
  return sent;
}

// Returns whether the record is on its way, at least in part; the rest is in the backlog.
bool TlsStream::write_record(std::string_view bytes) {
  if (broken_ || failed_) return false;
  const std::uint64_t before = put_bytes_;
  ERR_clear_error();
  std::size_t count = 0;
  if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &count) != 1) {
    // put() accepts everything up to the backlog's limit, so OpenSSL itself has failed.
    problem_ = failure_of_openssl(heard_);
    failed_ = true;
    return false;
  }
  return put_bytes_ != before;
}

void TlsStream::push() {
  std::string waiting;
  std::swap(waiting, backlog_);
  put_bytes_ -= waiting.size();
  put(waiting);
}

// Sends what the socket takes and keeps the rest. False: the rest is more than the backlog may
// hold.
bool TlsStream::put(std::string_view bytes) {
  if (broken_) return true;
  while (backlog_.empty() && !bytes.empty()) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && would_block(errno)) break;
    if (count < 0) {
      // The system reports the error only once. Bytes that came before it are still to be read.
      broken_ = true;
      if (errno != EPIPE) socket_problem_ = errno;
      return true;
    }
    put_bytes_ += static_cast<std::size_t>(count);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  if (backlog_.size() + bytes.size() > backlog_bytes_max) return false;
  backlog_.append(bytes);
  put_bytes_ += bytes.size();
  return true;
}

int TlsStream::handle_write(bio_st* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  return stream_of(bio).put({data, static_cast<std::size_t>(size)}) ? size : -1;
}

// Like recv(). Returns -1 without setting `ended_` if the socket has nothing to read now.
int TlsStream::take(std::span<char> space) {
  if (drained_) return -1;
  for (;;) {
    const ssize_t count = ::recv(socket_, space.data(), space.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      if (would_block(errno)) {
        drained_ = true;
      } else {
        socket_problem_ = errno;
        ended_ = true;
      }
      return -1;
    }
    if (count == 0) {
      ended_ = true;
      return 0;
    }
    drained_ = static_cast<std::size_t>(count) < space.size();
    if (heard_ == Heard::nothing) {
      const bool tls = is_record(static_cast<unsigned char>(space.front()));
      heard_ = tls ? Heard::tls : Heard::something_else;
    }
    return static_cast<int>(count);
  }
}

int TlsStream::handle_read(bio_st* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  TlsStream& stream = stream_of(bio);
  const int count = stream.take({data, static_cast<std::size_t>(size)});
  if (count < 0 && !stream.ended_) BIO_set_retry_read(bio);
  return count;
}

long TlsStream::handle_control(bio_st* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_EOF: return stream_of(bio).ended_ ? 1 : 0;
    default: return 0;
  }
}

int TlsStream::handle_verified(int good, x509_store_ctx_st* verification) {
  if (good == 1) return 1;
  const void* const ssl =
      X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx());
  auto& stream = *static_cast<TlsStream*>(SSL_get_app_data(static_cast<const SSL*>(ssl)));
  stream.problem_ = certificate_problem(*verification, stream.wanted_);
  return 0;
}

TransportProblem TlsStream::silence() const {
  const bool answered = heard_ != Heard::nothing;
  return {.error = silent, .words = answered ? "it began to, and fell silent" : "not a byte came"};
}

plimsoll::Error TlsStream::early_end() const { return ended_early; }

void TlsStream::say_goodbye() {
  if (!established_ || failed_ || broken_ || blocked()) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

}  // namespace plimsoll::inline v0::native
