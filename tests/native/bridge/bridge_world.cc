#include "plimsoll/tests/native/bridge/bridge_world.h"

#include <span>
#include <stdexcept>

#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "plimsoll/tests/native/patience.h"

namespace plimsoll::testing {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Tcp = asio::ip::tcp;

Tcp::endpoint at(std::uint16_t port) { return {asio::ip::address_v4::loopback(), port}; }

}  // namespace

BridgeWorld::BridgeWorld(BridgeOptions options)
    : valkey_({.listen = Listen::unix_socket_and_tcp, .arguments = options.server_arguments}),
      threads_(options.threads) {
  profile_.name = "page";
  profile_.rules = options.rules;
  profile_.connections_max = options.token_connections_max;
  policies_.emplace("page", std::get<bridge::Policy>(bridge::Policy::create(options.rules)));
  budget_ = std::make_unique<Budget>(BudgetOptions{.memory_limit = options.memory_limit}, heap_);
  options.settings.listen = {at(0)};
  if (options.settings.rules.upstreams.empty()) {
    const auto url = native::parse_url(valkey_.url(), native::Options());
    options.settings.rules.upstreams.emplace("main",
                                             bridge::Target{.endpoint = url->endpoints.front()});
  }
  const auto until = std::chrono::system_clock::now() + options.token_life;
  jwts_ = std::make_unique<bridge::Tokens>(std::span(&profile_, 1),
                                           std::vector<bridge::StaticToken>(), options.jwt_keys);
  if (!options.key_files.empty()) {
    watched_ = std::make_unique<bridge::WatchedTokens>(
        std::span(&profile_, 1), std::vector<bridge::StaticToken>(), options.key_files);
  }
  const bool has_jwts = !options.jwt_keys.empty();
  auto verify =
      [this, until, has_jwts](
          std::string_view token,
          std::chrono::system_clock::time_point now) -> bridge::Verified<bridge::Authorization> {
    if (token != good_token && watched_) return watched_->verify(token, now);
    if (token != good_token && has_jwts) return jwts_->verify(token, now);
    if (token != good_token) return bridge::TokenRefusal::forged;
    return bridge::Authorization{
        .profile = &profile_, .id = "0123456789abcdef", .expires_at = until};
  };
  servers_ = std::make_unique<bridge::Servers>(options.settings, verify, policies_, *budget_, log_,
                                               threads_);
  servers_->start();
  settings_ = options.settings;
  pages_ = std::make_unique<bridge::StatusPages>(*servers_, settings_, *budget_);
  pages_->start({asio::ip::make_address(options.status_address), 0});
  status_port_ = pages_->endpoint().port();
  port_ = servers_->endpoints().front().port();
  work_.emplace_back(servers_->context().get_executor());
  thread_ = std::thread([this] { servers_->run(); });
}

BridgeWorld::~BridgeWorld() {
  drain(std::chrono::seconds(0));
  asio::post(servers_->context(), [this] { pages_->stop(); });
  work_.clear();
  thread_.join();
}

bridge::Counters BridgeWorld::counters() {
  bridge::Counters all;
  for (std::size_t thread = 0; thread < threads_; ++thread) {
    all.add(ask([](const bridge::Server& server) { return server.counters(); }, thread));
  }
  return all;
}

bridge::SharedCounters BridgeWorld::shared_counters(const std::string& upstream) {
  bridge::SharedCounters all;
  for (std::size_t thread = 0; thread < threads_; ++thread) {
    all.add(ask([&](const bridge::Server& server) { return server.shared_counters().at(upstream); },
                thread));
  }
  return all;
}

void BridgeWorld::wait_until_idle() {
  if (!eventually([this] { return counters().relays == 0; })) {
    throw std::runtime_error("a relay does not end");
  }
}

void BridgeWorld::drain(std::chrono::seconds timeout) {
  std::promise<void> done;
  asio::post(servers_->context(), [&] {
    if (servers_->is_draining()) return done.set_value();
    servers_->drain(timeout, [&done] { done.set_value(); });
  });
  done.get_future().get();
}

void BridgeWorld::look_at_key_files() {
  std::promise<void> done;
  asio::post(servers_->context(), [&] {
    watched_->look_at_files();
    if (watched_->take_change()) {
      servers_->recheck([this](const bridge::Authorization& authorization) {
        return watched_->holds(authorization);
      });
    }
    done.set_value();
  });
  done.get_future().get();
}

void BridgeWorld::leave(std::chrono::milliseconds lame_duck) {
  ask_all([&](bridge::Servers& servers) {
    servers.leave(lame_duck, std::chrono::seconds(5), [] {});
    return true;
  });
}

void BridgeWorld::leave_and_wait(std::chrono::milliseconds lame_duck) {
  std::promise<void> done;
  asio::post(servers_->context(), [&] {
    servers_->leave(lame_duck, std::chrono::seconds(5), [&done] { done.set_value(); });
  });
  done.get_future().get();
}

std::string BridgeWorld::log() {
  return ask([this](const bridge::Server&) { return log_text_.str(); });
}

BudgetStatistics BridgeWorld::memory() {
  return ask([this](const bridge::Server&) { return budget_->statistics(); });
}

unsigned status_of_upgrade(std::uint16_t port, const Headers& headers, std::string_view target) {
  asio::io_context context;
  Tcp::socket socket(context);
  socket.connect(at(port));
  http::request<http::empty_body> request(http::verb::get, {target.data(), target.size()}, 11);
  request.set(http::field::host, "127.0.0.1");
  request.set(http::field::connection, "Upgrade");
  request.set(http::field::upgrade, "websocket");
  request.set(http::field::sec_websocket_version, "13");
  request.set(http::field::sec_websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
  request.set(http::field::sec_websocket_protocol, "resp");
  request.set(http::field::authorization, "Bearer " + std::string(good_token));
  for (const auto& [name, value] : headers) {
    if (value.empty()) {
      request.erase(name);
    } else {
      request.set(name, value);
    }
  }
  http::write(socket, request);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  http::read_header(socket, buffer, parser);
  return parser.get().result_int();
}

std::string exchange_raw(std::uint16_t port, std::string_view bytes) {
  asio::io_context context;
  Tcp::socket socket(context);
  socket.connect(at(port));
  boost::system::error_code ended;
  asio::write(socket, asio::buffer(bytes), ended);
  std::string answer;
  asio::read(socket, asio::dynamic_buffer(answer), ended);
  return answer;
}

WebSocketClient::WebSocketClient(std::uint16_t port, std::string_view protocol,
                                 std::string_view token, std::string_view target)
    : has_credits_(protocol == bridge::protocol_with_credits) {
  stream_.next_layer().connect(at(port));
  stream_.set_option(beast::websocket::stream_base::decorator([&](auto& request) {
    request.set(http::field::sec_websocket_protocol, protocol);
    request.set(http::field::authorization, "Bearer " + std::string(token));
  }));
  beast::websocket::response_type response;
  stream_.handshake(response, "127.0.0.1", {target.data(), target.size()});
  protocol_ = std::string(response[http::field::sec_websocket_protocol]);
  stream_.binary(true);
}

WebSocketClient::~WebSocketClient() = default;

void WebSocketClient::send(std::string_view bytes) { stream_.write(asio::buffer(bytes)); }

void WebSocketClient::send_text(std::string_view text) {
  stream_.binary(false);
  stream_.write(asio::buffer(text));
  stream_.binary(true);
}

void WebSocketClient::grant(std::uint32_t bytes) {
  std::string message(1, bridge::type_credit);
  for (int shift = 0; shift < 32; shift += 8) message += static_cast<char>(bytes >> shift);
  send(message);
}

void WebSocketClient::send_data(std::string_view bytes) {
  send(std::string(1, bridge::type_data) + std::string(bytes));
}

std::string WebSocketClient::receive() {
  std::string message;
  auto buffer = asio::dynamic_buffer(message);
  stream_.read(buffer);
  return message;
}

std::string WebSocketClient::receive_bytes(std::size_t size) {
  std::string all;
  while (all.size() < size) all += receive().substr(has_credits_ ? 1 : 0);
  return all;
}

unsigned WebSocketClient::receive_close() {
  try {
    for (;;) receive();
  } catch (const boost::system::system_error&) {
    // A peer that has closed its socket as well makes Beast say so; the close came before.
    if (stream_.reason().code == beast::websocket::close_code::none) throw;
  }
  reason_ = std::string(stream_.reason().reason.c_str());
  return stream_.reason().code;
}

void WebSocketClient::close() { stream_.close(beast::websocket::close_code::normal); }

}  // namespace plimsoll::testing
