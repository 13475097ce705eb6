#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/tests/native/bridge/shared/session_peer.h"

// A client of a session that keeps the value of every key that it reads, until it hears that the
// key has changed: the simplest cache that CLIENT TRACKING is made for. It believes the order of
// what it gets, and nothing else. When its connection is lost, it goes on with another one (CLIENT
// TRACKING RESUME), and keeps nothing of what comes there in front of the answer.

namespace plimsoll::testing {

class KeepingPeer {
 public:
  explicit KeepingPeer(SharedWorld& world) : world_(world) { connect(); }

  /// The connection is lost behind so many bytes of what is ready. Of the rest some has left the
  /// bridge, some has not. If `is_half_open`, the bridge does not know that it is.
  void lose(std::size_t bytes, std::size_t bytes_left, bool is_half_open) {
    take(bytes);
    std::string lost;
    peer_->receive(lost, bytes_left);
    if (is_half_open) half_open_.push_back(std::move(peer_));
    peer_.reset();
    received_.clear();
    expected_.clear();
    has_answer_ = false;
  }
  void come_back() { connect(); }
  std::size_t resumed() const { return resumed_; }

  void read(const std::string& key) {
    expect({.keys = {key}});
    peer_->begin(resp("GET", key));
  }
  void read(const std::string& first, const std::string& second) {
    expect({.keys = {first, second}});
    peer_->begin(resp("MGET", first, second));
  }
  /// Any command with one reply that nobody keeps.
  void run(const std::string& command) {
    expect({});
    peer_->begin(command);
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
  bool has_ended() { return peer_->session().has_ended(); }

 private:
  struct Expected {
    std::vector<std::string> keys = {};  // whose values the reply has
    bool is_of_resume = false;
  };

  // One value of the stream: its first line, and what is inside.
  struct Value {
    std::string line;
    std::optional<std::string> text = {};  // of a string
    std::vector<Value> inside = {};
  };

  void expect(Expected expected) { expected_.push_back(std::move(expected)); }

  void connect() {
    peer_ = std::make_unique<SessionPeer>(world_);
    expect({});
    expect({});
    expect({.is_of_resume = true});
    const bool is_new = name_.empty();
    peer_->begin(resp("HELLO", "3") + resp("CLIENT", "TRACKING", "ON") +
                 (is_new ? resp("CLIENT", "TRACKING", "RESUME")
                         : resp("CLIENT", "TRACKING", "RESUME", name_, std::to_string(number_))));
  }

  void take(std::size_t bytes_max = SIZE_MAX) {
    peer_->receive(received_, bytes_max);
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
    if (has_answer_) ++number_;
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
    if (expected.is_of_resume) return handle_resumed(reply);
    if (reply.line[0] == '-' || !has_answer_) return;
    const bool is_list = reply.line[0] == '*';
    for (std::size_t i = 0; i < expected.keys.size(); ++i) {
      kept_[expected.keys[i]] = is_list ? reply.inside.at(i).text : reply.text;
    }
  }

  void handle_resumed(const Value& reply) {
    has_answer_ = true;
    name_ = reply.inside.at(0).text.value();
    number_ = static_cast<std::uint64_t>(std::atoll(reply.inside.at(1).line.c_str() + 1));
    const bool is_resumed = reply.inside.at(2).line == ":1";
    resumed_ += is_resumed ? 1 : 0;
    if (!is_resumed) kept_.clear();
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
  std::unique_ptr<SessionPeer> peer_;
  std::vector<std::unique_ptr<SessionPeer>> half_open_;
  std::string name_;
  std::uint64_t number_ = 0;  // of the last message that has come
  bool has_answer_ = false;   // of the bridge, to CLIENT TRACKING RESUME on this connection
  std::size_t resumed_ = 0;
  std::string received_;
  std::deque<Expected> expected_;
  std::map<std::string, std::optional<std::string>> kept_;
  std::size_t invalidations_ = 0;
  std::size_t flushes_ = 0;
};

}  // namespace plimsoll::testing
