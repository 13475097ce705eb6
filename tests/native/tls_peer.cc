#include "plimsoll/tests/native/tls_peer.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <stdexcept>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "plimsoll/tests/native/patience.h"

namespace plimsoll::testing {
namespace {

void check(bool good, const char* what) {
  if (good) return;
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_peek_error(), text.data(), text.size());
  throw std::runtime_error(std::string(what) + ": " + text.data());
}

}  // namespace

TlsPeer::TlsPeer(Peer peer, const CertificateFiles& files, Version version)
    : peer_(std::move(peer)),
      context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free),
      ssl_(nullptr, &SSL_free) {
  ERR_clear_error();
  SSL_CTX* const context = context_.get();
  if (version == Version::tls_1_2) SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  check(SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) == 1, "certificate");
  check(SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) == 1, "key");
  const timeval limit{.tv_sec = patience().count() / 1000, .tv_usec = 0};
  ::setsockopt(peer_.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ssl_.reset(SSL_new(context));
  check(SSL_set_fd(ssl_.get(), peer_.descriptor()) == 1, "socket");
  check(SSL_accept(ssl_.get()) == 1, "handshake");
  receive_until("PING\r\n");
  send(handshake_replies);
}

TlsPeer::~TlsPeer() = default;

void TlsPeer::send(std::string_view bytes) {
  check(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0, "sending");
}

void TlsPeer::receive_until(std::string_view end) {
  std::string all;
  while (!all.ends_with(end)) {
    std::array<char, 4096> piece;
    const int count = SSL_read(ssl_.get(), piece.data(), static_cast<int>(piece.size()));
    check(count > 0, "receiving");
    all.append(piece.data(), static_cast<std::size_t>(count));
  }
}

void TlsPeer::ask_for_keys() {
  if (SSL_version(ssl_.get()) == TLS1_3_VERSION) {
    check(SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED) == 1, "key update");
  } else {
    check(SSL_renegotiate(ssl_.get()) == 1, "renegotiation");
  }
  check(SSL_do_handshake(ssl_.get()) == 1, "new keys");
}

void TlsPeer::close() {
  SSL_shutdown(ssl_.get());
  peer_.close();
}

bool TlsPeer::receive_goodbye() {
  char byte = 0;
  while (SSL_read(ssl_.get(), &byte, 1) > 0) {
  }
  return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

}  // namespace plimsoll::testing
