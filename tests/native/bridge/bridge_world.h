#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "plimsoll/core/memory/heap_memory.h"
#include "plimsoll/native/bridge/servers.h"
#include "plimsoll/native/bridge/status_pages.h"
#include "plimsoll/native/bridge/tokens/jwt_key.h"
#include "plimsoll/native/bridge/tokens/jwt_key_file.h"
#include "plimsoll/native/bridge/tokens/tokens.h"
#include "plimsoll/native/bridge/tokens/watched_tokens.h"
#include "plimsoll/tests/support/valkey_server.h"

// A bridge in threads of its own, with a server behind it, and clients that can do what no browser
// would.

namespace plimsoll::testing {

struct BridgeOptions {
  bridge::Settings settings;
  bridge::Rules rules{.allow = {"@all"}, .deny = {}, .channel_prefixes = {"news"}};
  std::uint32_t token_connections_max = 100;
  std::size_t threads = 1;
  std::size_t memory_limit = std::size_t{64} << 20;
  std::chrono::seconds token_life{3600};
  /// With these, JWTs of the profile "page" are good besides good_token.
  std::vector<bridge::JwtKey> jwt_keys;
  /// The same with the keys of these files, which the bridge follows.
  std::vector<bridge::JwtKeyFile> key_files;
  /// Further arguments of the server.
  std::vector<std::string> server_arguments;
  /// Of the status pages.
  std::string status_address = "127.0.0.1";
};

/// The token that it knows.
inline constexpr std::string_view good_token = "let me in";

class BridgeWorld {
 public:
  explicit BridgeWorld(BridgeOptions options = {});
  ~BridgeWorld();
  BridgeWorld(const BridgeWorld&) = delete;
  BridgeWorld& operator=(const BridgeWorld&) = delete;

  std::uint16_t port() const { return port_; }
  std::uint16_t status_port() const { return status_port_; }
  ValkeyServer& valkey() { return valkey_; }

  /// In one of the bridge's threads, of the server there.
  template <class Ask>
  auto ask(Ask&& ask, std::size_t thread = 0) {
    std::promise<decltype(ask(std::declval<bridge::Server&>()))> answer;
    boost::asio::post(servers_->context(thread),
                      [&] { answer.set_value(ask(servers_->server(thread))); });
    return answer.get_future().get();
  }
  /// In the first thread.
  template <class Ask>
  auto ask_all(Ask&& ask) {
    std::promise<decltype(ask(std::declval<bridge::Servers&>()))> answer;
    boost::asio::post(servers_->context(), [&] { answer.set_value(ask(*servers_)); });
    return answer.get_future().get();
  }

  /// Of all threads together.
  bridge::Counters counters();
  bridge::SharedCounters shared_counters(const std::string& upstream);

  /// Waits until no relay is left; their log lines are written then.
  void wait_until_idle();

  /// SIGTERM, as the program handles it; returns when all are gone.
  void drain(std::chrono::seconds timeout = std::chrono::seconds(5));

  /// What the program does once a second: takes keys from files that have changed, and ends the
  /// connections whose keys are gone.
  void look_at_key_files();

  /// The same with a lame duck; the second returns when all are gone.
  void leave(std::chrono::milliseconds lame_duck);
  void leave_and_wait(std::chrono::milliseconds lame_duck);

  std::string log();

  BudgetStatistics memory();

 private:
  ValkeyServer valkey_;
  bridge::Profile profile_;
  std::unique_ptr<bridge::Tokens> jwts_;
  std::unique_ptr<bridge::WatchedTokens> watched_;
  std::map<std::string, bridge::Policy, std::less<>> policies_;
  HeapMemory heap_;
  std::unique_ptr<Budget> budget_;
  std::ostringstream log_text_;
  bridge::AccessLog log_{&log_text_};
  const std::size_t threads_;
  bridge::Settings settings_;
  std::unique_ptr<bridge::Servers> servers_;
  // Asking goes on when all connections have ended.
  std::vector<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  std::unique_ptr<bridge::StatusPages> pages_;
  std::uint16_t port_ = 0;
  std::uint16_t status_port_ = 0;
  std::thread thread_;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

/// The answer's status to a request for a WebSocket with these lines besides the usual ones, which
/// they replace; a name without a value takes a line away.
unsigned status_of_upgrade(std::uint16_t port, const Headers& headers,
                           std::string_view target = "/");

/// What comes back for these bytes, until the peer ends the connection.
std::string exchange_raw(std::uint16_t port, std::string_view bytes);

/// An open WebSocket. Throws what Beast throws.
class WebSocketClient {
 public:
  explicit WebSocketClient(std::uint16_t port, std::string_view protocol = "resp",
                           std::string_view token = good_token, std::string_view target = "/");
  ~WebSocketClient();

  void send(std::string_view bytes);
  void send_text(std::string_view text);
  /// A credit of so many bytes, and data, of the subprotocol with credits.
  void grant(std::uint32_t bytes);
  void send_data(std::string_view bytes);

  /// One message.
  std::string receive();
  /// Messages until so many bytes have come; type bytes are taken away where there are any.
  std::string receive_bytes(std::size_t size);
  /// Reads until the close, and returns its code; its reason is in reason().
  unsigned receive_close();
  const std::string& reason() const { return reason_; }

  std::string protocol() const { return protocol_; }
  void close();
  boost::asio::ip::tcp::socket& socket() { return stream_.next_layer(); }

 private:
  boost::asio::io_context context_;
  boost::beast::websocket::stream<boost::asio::ip::tcp::socket> stream_{context_};
  std::string protocol_;
  std::string reason_;
  bool has_credits_ = false;
};

}  // namespace plimsoll::testing
