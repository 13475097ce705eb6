#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "plimsoll/native/websocket/opening.h"
#include "plimsoll/native/websocket/protocol.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/scripted_peer.h"
#include "plimsoll/tests/native/websocket/server_frame.h"

namespace plimsoll::testing {

/// A bridge that does what the test says, well or badly, on one connection of a client. Every wait
/// has a limit, and throws std::runtime_error when it is over.
class BridgePeer {
 public:
  explicit BridgePeer(Peer peer) : peer_(std::move(peer)) {}

  /// The request for a WebSocket, all of it.
  std::string receive_request() {
    while (read_.find("\r\n\r\n") == read_.npos) read_more();
    return take(read_.find("\r\n\r\n") + 4);
  }

  void send(std::string_view bytes) { peer_.send(bytes); }

  /// Accepts the request, and sends `more` in the same piece.
  void accept(std::string_view protocol = websocket::protocol_with_credits,
              std::string_view more = {}) {
    const std::string request = receive_request();
    constexpr std::string_view name = "Sec-WebSocket-Key: ";
    const std::size_t at = request.find(name) + name.size();
    const std::string key = request.substr(at, request.find("\r\n", at) - at);
    std::string answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n";
    answer.append("Connection: Upgrade\r\nSec-WebSocket-Accept: ")
        .append(websocket::accept_of(key));
    answer.append("\r\nSec-WebSocket-Protocol: ").append(protocol).append("\r\n\r\n").append(more);
    send(answer);
  }

  /// The client's next frame, unmasked.
  struct Frame {
    websocket::Opcode opcode{};
    std::string payload;
  };
  Frame receive_frame() {
    const std::string header = take(2);
    const auto byte = [](const std::string& from, std::size_t i) {
      return static_cast<unsigned char>(from[i]);
    };
    if ((byte(header, 0) & 0xf0) != 0x80 || (byte(header, 1) & 0x80) == 0) {
      throw std::runtime_error("no masked frame that is a whole message");
    }
    std::size_t size = byte(header, 1) & 0x7f;
    if (size == 126) {
      const std::string length = take(2);
      size = std::size_t{byte(length, 0)} << 8 | byte(length, 1);
    } else if (size == 127) {
      throw std::runtime_error("a frame of more than 64 KiB");
    }
    const std::string key = take(4);
    std::string payload = take(size);
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(payload[i] ^ key[i % 4]);
    return {static_cast<websocket::Opcode>(byte(header, 0) & 0x0f), std::move(payload)};
  }

  /// Takes frames up to one of RESP that ends so; adds up what was granted meanwhile. Of all that
  /// is no binary message, the last one is kept.
  std::string receive_until(std::string_view end) {
    std::string resp;
    while (!resp.ends_with(end)) {
      Frame frame = receive_frame();
      if (frame.opcode != websocket::Opcode::binary) {
        control_ = std::move(frame);
      } else if (frame.payload.at(0) == websocket::type_data) {
        resp.append(frame.payload, 1);
      } else {
        add_grant(frame.payload);
      }
    }
    return resp;
  }

  /// Takes frames until this was granted in all, or until one that is no binary message.
  void receive_grant(std::uint64_t bytes) {
    while (granted_ < bytes) {
      const Frame frame = receive_frame();
      if (frame.opcode != websocket::Opcode::binary) throw std::runtime_error("no grant");
      add_grant(frame.payload);
    }
  }

  void send_data(std::string_view resp) {
    send(server_message(std::string(1, websocket::type_data).append(resp)));
  }

  /// As far as RESP, with credits.
  void shake_hands() {
    accept();
    receive_until("PING\r\n");
    send_data(handshake_replies);
  }

  /// Takes frames until the client's close, whose payload is returned.
  std::string receive_close() {
    for (;;) {
      Frame frame = receive_frame();
      if (frame.opcode == websocket::Opcode::close) return std::move(frame.payload);
    }
  }

  std::uint64_t granted() const { return granted_; }
  const Frame& control() const { return control_; }
  Peer& raw() { return peer_; }

 private:
  void add_grant(const std::string& message) {
    if (message.size() != 5 || message[0] != websocket::type_credit) {
      throw std::runtime_error("neither data nor a credit");
    }
    for (int i = 0; i < 4; ++i) {
      granted_ += std::uint64_t{static_cast<unsigned char>(message[1 + i])} << (8 * i);
    }
  }

  void read_more() {
    pollfd wanted{.fd = peer_.descriptor(), .events = POLLIN, .revents = 0};
    if (::poll(&wanted, 1, static_cast<int>(patience().count())) <= 0) {
      throw std::runtime_error("the client sends nothing");
    }
    std::array<char, 65536> piece;
    const ssize_t count = ::recv(peer_.descriptor(), piece.data(), piece.size(), 0);
    if (count <= 0) throw std::runtime_error("the client has gone");
    read_.append(piece.data(), static_cast<std::size_t>(count));
  }

  std::string take(std::size_t size) {
    while (read_.size() < size) read_more();
    std::string front = read_.substr(0, size);
    read_.erase(0, size);
    return front;
  }

  Peer peer_;
  std::string read_;
  std::uint64_t granted_ = 0;
  Frame control_;
};

}  // namespace plimsoll::testing
