#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "plimsoll/tests/native/scripted_peer.h"
#include "plimsoll/tests/support/certificates.h"

struct ssl_st;
struct ssl_ctx_st;

namespace plimsoll::testing {

/// A Peer that speaks TLS, as the test says. Waits have a limit, and throw as a Peer's do.
class TlsPeer {
 public:
  enum class Version { tls_1_2, tls_1_3 };

  /// Shakes hands: first TLS's, then RESP's.
  TlsPeer(Peer peer, const CertificateFiles& files, Version version = Version::tls_1_3);
  ~TlsPeer();

  /// In a record of its own.
  void send(std::string_view bytes);

  /// What the client sends, until that ends with `end`.
  void receive_until(std::string_view end);

  /// Asks the client for new keys: with TLS 1.3 by a key update, with 1.2 by a new handshake.
  void ask_for_keys();

  /// Says that this is the end, and closes; or closes without.
  void close();
  void cut() { peer_.close(); }

  /// Waits for the client's end. Whether it said so before it closed.
  bool receive_goodbye();

  /// Past TLS.
  Peer& raw() { return peer_; }

 private:
  Peer peer_;
  std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)> context_;
  std::unique_ptr<ssl_st, void (*)(ssl_st*)> ssl_;
};

}  // namespace plimsoll::testing
