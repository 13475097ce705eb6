#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include "plimsoll/core/client/client.h"
#include "plimsoll/core/client/credit_window.h"
#include "plimsoll/core/cluster/seeds.h"
#include "plimsoll/native/base/counted.h"
#include "plimsoll/native/base/strand.h"
#include "plimsoll/native/driver/address_rule.h"
#include "plimsoll/native/driver/client_notices.h"
#include "plimsoll/native/driver/credentials_source.h"
#include "plimsoll/native/driver/dial.h"
#include "plimsoll/native/runtime/name_lookups.h"
#include "plimsoll/native/transport/byte_stream.h"
#include "plimsoll/native/transport/tls_context.h"
#include "plimsoll/options.h"

namespace plimsoll::inline v0::native {

class WebSocketStream;

/// What all connections of one client share. Outlives them.
struct ConnectionContext {
  Strand& strand;  ///< all handlers run in it
  const Target& target;
  ClientNotices& notices;
  std::unique_ptr<TlsContext> tls{};                 ///< null: plain connections
  std::unique_ptr<TlsContext> sentinel_tls{};        ///< the same, for connections to sentinels
  std::unique_ptr<CredentialsSource> credentials{};  ///< null: the options have the credentials
  AddressRule address_rule = nullptr;                ///< null: the client may connect anywhere

  /// Why the files of Options::tls or sentinel_tls could not be read again; empty: they could.
  std::string tls_problem() const {
    std::string problem = tls ? tls->problem() : std::string();
    return problem.empty() && sentinel_tls ? sentinel_tls->problem() : problem;
  }
};

/// One connection of a client: resolving, connecting, handshakes, reading and writing. Its owner
/// makes it when the core first asks for a connection of its number, keeps it for as long as it
/// lives itself, and opens and closes it as the core says.
///
/// Invariants:
///  - Every asynchronous step belongs to one attempt. A step that ends after its attempt was given
///    up is ignored; otherwise it would act on the socket of the next attempt.
///  - A read waits until the socket is readable, and takes a buffer only then, so an idle
///    connection holds none.
///  - All calls come in the owner's turns, except trouble(), which the owner's lock guards.
///
/// The phases. `closed` is also the phase while an attempt resolves the host and connects the
/// socket: the steps of such an attempt know attempt_.
///
///   closed               open(), if new credentials are needed  -> wanting_credentials
///                        open(), otherwise                      -> closed (resolves and connects)
///                        the socket is connected                -> shaking_hands
///   wanting_credentials  handle_credentials()                   -> closed (resolves and connects)
///   shaking_hands        TLS and WebSocket have shaken hands    -> open
///   any                  close(), or a failure                  -> closed
class Connection {
 public:
  /// The client that a connection belongs to.
  class Owner {
   public:
    /// Keeps the owner, and its connections, alive while a handler waits.
    virtual std::shared_ptr<void> hold() = 0;

    /// The token that the connection shows to a bridge; empty: none.
    virtual std::string token() = 0;
    /// Pays for the credit that the connection grants a bridge.
    virtual Account& replies_account() = 0;
    /// The files of Options::tls were read again, or could not be read.
    virtual void handle_tls_files_read() = 0;
    /// The connection identifies its user by `text`: a digest of its certificate, its token.
    virtual void note_shown(ConnectionId connection, std::string_view text) = 0;

    virtual void handle_opened(Connection& connection) = 0;
    /// The attempt, or the open connection, has failed; the connection is closed. `words` are the
    /// system's or the peer's own.
    virtual void handle_failed(Connection& connection, const plimsoll::Error& error,
                               std::string_view words) = 0;

    /// Returns where to read to. Empty: do not read now; the owner calls arm_read() when there is
    /// room again.
    virtual std::span<char> read_space(ConnectionId connection) = 0;
    virtual void handle_read(ConnectionId connection, std::size_t bytes) = 0;
    virtual std::size_t poll_transmit(ConnectionId connection,
                                      std::span<std::string_view> spans) = 0;
    /// The socket has taken `bytes` bytes. Fills `next` with the bytes to send next, and returns
    /// how many spans it filled.
    virtual std::size_t handle_written(ConnectionId connection, std::size_t bytes,
                                       std::span<std::string_view> next) = 0;

    /// Asks the owner to call arm_read() when memory was released.
    virtual void wait_for_memory() = 0;

    /// Delivers the events of the bytes that were read, and sends staged requests.
    virtual void run_turn() = 0;
    virtual void arm_timer() = 0;

   protected:
    ~Owner() = default;
  };

  Connection(Owner& owner, ConnectionContext& context, ConnectionId id);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  ConnectionId id() const { return id_; }

  /// Sets where the next attempt goes, as Action::Kind::open says. Under the owner's lock.
  void aim(const Action& action);

  /// Begins an attempt to connect. It ends with the owner's handle_opened() or handle_failed(), or
  /// with close().
  void open();

  /// Where the connection, or the last attempt, goes.
  SeedId seed() const { return seed_; }
  const Endpoint& endpoint() const { return *endpoint_; }
  Peer peer() const { return peer_; }

  /// Closes the connection, or gives the attempt up. The owner hears nothing more of it.
  void close();

  /// Whether an attempt waits for Options::credentials.
  bool wants_credentials() const { return phase_ == Phase::wanting_credentials; }
  void handle_credentials();
  void handle_no_credentials(std::string_view why);

  /// Begins to wait until the socket is readable, unless it waits already.
  void arm_read();

  /// Sends staged requests, as far as the socket takes them.
  void flush();

  /// The last problem of the transport.
  struct Trouble {
    bool is_over = true;         // the connection was opened since
    const char* what = nullptr;  // Error::what of this problem, compared as a pointer
    std::string detail;
  };
  Trouble& trouble() { return trouble_; }
  const Trouble& trouble() const { return trouble_; }

 private:
  using Socket = Dial::Socket;

  void begin();
  void resolve();
  void handle_found(const NameLookups::Found& found);
  void connect(Dial::Addresses addresses);
  const char* reason_against(const boost::asio::ip::address& address) const;
  void refuse_address(const char* why);
  void handle_connected();
  void tune_socket();
  bool is_connected_to_itself() const;
  void register_afresh(boost::system::error_code& problem);
  void handle_failed(const boost::system::error_code& problem);
  void handle_failed(const plimsoll::Error& error, std::string_view words);
  void begin_stream();
  bool begin_websocket(std::string& shown);
  void await_handshake();
  template <class Act>
  void after_patience(Act act);
  void shake_hands();
  void handle_stream_failed();
  void handle_open();

  void handle_readable();
  void read_soon();
  bool read_once();
  void grant();
  void wait_if_blocked();
  void wait_writable();
  void handle_writable();
  void fail_soon();

  TlsContext* tls() const {
    return peer_ == Peer::sentinel ? context_.sentinel_tls.get() : context_.tls.get();
  }
  bool is_over_bridge() const { return endpoint().kind == Endpoint::Kind::websocket; }
  // Whether this is in a child of fork(), which must not touch it.
  bool inherited() const;

  Owner& owner_;
  ConnectionContext& context_;
  const std::uint64_t fork_count_;
  const ConnectionId id_;
  SeedId seed_{};
  Peer peer_ = Peer::server;
  std::unique_ptr<const Endpoint> told_;  // the address, if it is none of the target's
  const Endpoint* endpoint_;              // that, or one of the target's
  Socket socket_;
  std::weak_ptr<Dial> dial_;  // of the attempt under way
  std::optional<NameLookups::Wait> lookup_;

  std::uint64_t attempt_ = 0;  // counts attempts and closes, so that steps of old ones are ignored
  enum class Phase : std::uint8_t { closed, wanting_credentials, shaking_hands, open };
  Phase phase_ = Phase::closed;
  Counted counted_;  // among the process's connections, while this is open
  bool reading_ = false;
  bool write_blocked_ = false;

  std::optional<CreditWindow> window_;  // over a bridge
  std::unique_ptr<ByteStream> stream_;
  WebSocketStream* websocket_ = nullptr;               // the same as stream_, over a bridge
  std::optional<boost::asio::steady_timer> patience_;  // with the look-up, with the handshakes

  Trouble trouble_;
};

}  // namespace plimsoll::inline v0::native
