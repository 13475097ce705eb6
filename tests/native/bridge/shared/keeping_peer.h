#pragma once

#include <cstddef>
#include <cstdlib>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/tests/native/bridge/shared/session_peer.h"

// A client of a session that keeps the value of every key that it reads, until it hears that the
// key has changed: the simplest cache that CLIENT TRACKING is made for. It believes the order of
// what it gets, and nothing else.

namespace plimsoll::testing {

class KeepingPeer {
 public:
  explicit KeepingPeer(SharedWorld& world) : world_(world), peer_(world) {
    expect({});
    expect({});
    peer_.begin(resp("HELLO", "3") + resp("CLIENT", "TRACKING", "ON"));
  }

  void read(const std::string& key) {
    expect({.keys = {key}});
    peer_.begin(resp("GET", key));
  }
  void read(const std::string& first, const std::string& second) {
    expect({.keys = {first, second}});
    peer_.begin(resp("MGET", first, second));
  }
  /// Any command with one reply that nobody keeps.
  void run(const std::string& command) {
    expect({});
    peer_.begin(command);
  }

  /// Takes what comes until nothing is owed.
  bool catch_up() {
    return world_.run_until([this] {
      take();
      return expected_.empty();
    });
  }
  /// The same behind a PING.
  bool prove() {
    run(resp("PING"));
    return catch_up();
  }

  /// By key; an empty optional for a key that does not exist.
  const std::map<std::string, std::optional<std::string>>& kept() const { return kept_; }
  std::size_t invalidations() const { return invalidations_; }
  std::size_t flushes() const { return flushes_; }
  bool has_ended() { return peer_.session().has_ended(); }

 private:
  struct Expected {
    std::vector<std::string> keys = {};  // whose values the reply has
  };

  // One value of the stream: its first line, and what is inside.
  struct Value {
    std::string line;
    std::optional<std::string> text = {};  // of a string
    std::vector<Value> inside = {};
  };

  void expect(Expected expected) { expected_.push_back(std::move(expected)); }

  void take() {
    peer_.receive(received_);
    for (;;) {
      std::size_t at = 0;
      const std::optional<Value> value = parse(received_, at);
      if (!value) return;
      received_.erase(0, at);
      value->line[0] == '>' ? handle_push(*value) : handle_reply(*value);
    }
  }

  void handle_push(const Value& push) {
    const Value& keys = push.inside.at(1);
    if (keys.line == "_") {
      kept_.clear();
      ++flushes_;
    }
    for (const Value& key : keys.inside) {
      kept_.erase(key.text.value());
      ++invalidations_;
    }
  }

  void handle_reply(const Value& reply) {
    const Expected expected = expected_.front();
    expected_.pop_front();
    if (reply.line[0] == '-') return;
    const bool is_list = reply.line[0] == '*';
    for (std::size_t i = 0; i < expected.keys.size(); ++i) {
      kept_[expected.keys[i]] = is_list ? reply.inside.at(i).text : reply.text;
    }
  }

  // Null: not all of it has come.
  static std::optional<Value> parse(std::string_view bytes, std::size_t& at) {
    const std::size_t end = bytes.find("\r\n", at);
    if (end == std::string_view::npos) return std::nullopt;
    Value value{.line = std::string(bytes.substr(at, end - at))};
    at = end + 2;
    const auto count = static_cast<std::size_t>(std::atol(value.line.c_str() + 1));
    switch (value.line[0]) {
      case '$':
        if (bytes.size() < at + count + 2) return std::nullopt;
        value.text = bytes.substr(at, count);
        at += count + 2;
        return value;
      case '%':
      case '*':
      case '~':
      case '>':
        for (std::size_t i = 0; i < (value.line[0] == '%' ? 2 * count : count); ++i) {
          const std::optional<Value> inside = parse(bytes, at);
          if (!inside) return std::nullopt;
          value.inside.push_back(*inside);
        }
        return value;
      default: return value;
    }
  }

  SharedWorld& world_;
  SessionPeer peer_;
  std::string received_;
  std::deque<Expected> expected_;
  std::map<std::string, std::optional<std::string>> kept_;
  std::size_t invalidations_ = 0;
  std::size_t flushes_ = 0;
};

}  // namespace plimsoll::testing
