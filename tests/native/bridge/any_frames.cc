#include "plimsoll/tests/native/bridge/any_frames.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>

#include "plimsoll/core/memory/budget.h"
#include "plimsoll/fuzz/expect.h"
#include "plimsoll/native/bridge/http/handshake.h"
#include "plimsoll/native/bridge/relay/credit.h"
#include "plimsoll/native/bridge/relay/relay.h"
#include "plimsoll/tests/core/memory/test_memory.h"
#include "plimsoll/tests/native/bridge/far_end.h"
#include "plimsoll/tests/native/bridge/judged.h"

namespace plimsoll::testing {
namespace {

using fuzz::expect;

namespace asio = boost::asio;

constexpr unsigned mode_credits = 1;
constexpr unsigned mode_raw = 2;
constexpr unsigned mode_whole = 4;

constexpr unsigned last = 0x80;
constexpr unsigned binary = last | 2;
constexpr unsigned close = last | 8;
constexpr unsigned ping = last | 9;
constexpr unsigned pong = last | 10;

const bridge::Policy& policy() {
  static const bridge::Policy made =
      policy_of({.allow = {"get", "set", "mget", "multi", "exec", "subscribe", "select"},
                 .key_prefixes = {"p:"},
                 .channel_prefixes = {"c:"},
                 .databases = {0, 3}});
  return made;
}

const bridge::RelayOptions& options() {
  static const bridge::RelayOptions made = [] {
    bridge::RelayOptions small;
    small.message_bytes_max = 2000;
    small.sent_bytes_max = 300;
    small.requests = {.request_bytes_max = 700, .request_words_max = 60};
    return small;
  }();
  return made;
}

asio::io_context& context() {
  static asio::io_context only(1);
  return only;
}

std::string frame(unsigned first, std::string_view payload) {
  constexpr std::string_view key = "\x37\xfa\x21\x3d";
  std::string bytes(1, static_cast<char>(first));
  if (payload.size() < 126) {
    bytes += static_cast<char>(0x80 | payload.size());
  } else {
    bytes += static_cast<char>(0x80 | 126);
    bytes += static_cast<char>(payload.size() >> 8);
    bytes += static_cast<char>(payload.size());
  }
  bytes += key;
  for (std::size_t i = 0; i < payload.size(); ++i) {
    bytes += static_cast<char>(payload[i] ^ key[i % key.size()]);
  }
  return bytes;
}

/// What a client says in frames, and how much it grants.
class Speaker {
 public:
  std::string bytes;
  std::uint64_t granted = 0;

  void say(unsigned first, std::string_view payload) {
    bytes += frame(first, payload);
    if ((first & 8U) != 0) return;
    message_ += payload;
    if ((first & last) == 0) return;
    if (message_.size() == 5 && message_[0] == bridge::type_credit) {
      for (unsigned i = 0; i < 4; ++i) {
        granted += std::uint64_t{static_cast<unsigned char>(message_[1 + i])} << (8 * i);
      }
    }
    message_.clear();
  }

 private:
  std::string message_;
};

/// A server's view of a relay: commands one after the other, each answered with anything that is
/// RESP2. What it said is as the client shall see it.
class AnyServer {
 public:
  AnyServer(FarEnd& end, std::minstd_rand& random, unsigned life)
      : end_(end), random_(random), life_(life) {}

  const std::string& said() const { return said_; }
  bool is_amid_command() const { return !received_.empty(); }

  bool serve() {
    if (!end_.receive(received_)) return false;
    while (take_command()) {
      if (life_ > 0 && --life_ == 0) return leave();
      answer();
    }
    return true;
  }

 private:
  void answer() {
    if (is_refusal_) {
      const std::string line =
          "-ERR unknown command '" + name_ + "', with args beginning with: \r\n";
      if (end_.send(line) == line.size()) said_ += "-NOPERM " + name_ + "\r\n";
      return;
    }
    for (std::size_t i = 0; i < confirmations_; ++i) {
      if (name_ == "subscribe") subscribed_ += 1;
      if (name_ == "unsubscribe" && subscribed_ > 0) subscribed_ -= 1;
      say("*3\r\n$" + std::to_string(name_.size()) + "\r\n" + name_ +
          "\r\n$1\r\nc\r\n:" + std::to_string(subscribed_) + "\r\n");
    }
    if (subscribed_ > 0 && random_() % 4 == 0) {
      say("*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n");
    }
    if (confirmations_ == 0) say(any_reply(3));
  }

  void say(const std::string& reply) { said_ += reply.substr(0, end_.send(reply)); }

  std::string any_reply(unsigned depth) {
    const std::string text(random_() % 400, static_cast<char>('a' + random_() % 26));
    switch (random_() % (depth > 0 ? 6 : 5)) {
      case 0: return "+" + text + "\r\n";
      case 1: return "-" + text + "\r\n";
      case 2: return ":" + std::to_string(random_()) + "\r\n";
      case 3: return random_() % 2 == 0 ? "$-1\r\n" : "*-1\r\n";
      case 4: return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
      default: break;
    }
    const std::size_t count = random_() % 4;
    std::string array = "*" + std::to_string(count) + "\r\n";
    for (std::size_t i = 0; i < count; ++i) array += any_reply(depth - 1);
    return array;
  }

  bool leave() {
    end_.close();
    received_.clear();
    return true;
  }

  // A number behind `mark`, and its line's end.
  std::size_t take_number(std::string_view& left, char mark) {
    expect("a mark", !left.empty() && left.front() == mark);
    const std::size_t end = left.find("\r\n");
    expect("an end of a line", end != std::string_view::npos && end > 1 && end < 8);
    const std::size_t number = std::stoul(std::string(left.substr(1, end - 1)));
    left.remove_prefix(end + 2);
    return number;
  }

  // The gate writes whole commands, and the sockets here take them whole.
  bool take_command() {
    if (received_.empty()) return false;
    std::string_view left = received_;
    std::vector<std::string_view> words(take_number(left, '*'));
    for (std::string_view& word : words) {
      const std::size_t size = take_number(left, '$');
      expect("all of a word", left.size() >= size + 2 && left.substr(size, 2) == "\r\n");
      word = left.substr(0, size);
      left.remove_prefix(size + 2);
    }
    expect("a command has a word", !words.empty());
    is_refusal_ = words.size() == 1 && words[0].starts_with(bridge::Verdict::refusal_mark);
    expect("the policy allows what the server gets",
           is_refusal_ || policy().judge(words).is_allowed());
    note(words);
    received_.erase(0, received_.size() - left.size());
    return true;
  }

  // Notes what answers the command. All names of channels count as different ones.
  void note(const std::vector<std::string_view>& words) {
    name_ = words[0];
    confirmations_ = 0;
    if (is_refusal_) return;
    for (char& letter : name_) letter = static_cast<char>(std::tolower(letter));
    const bool subscribes = name_ == "subscribe";
    const bool is_unsubscribe =
        name_ == "unsubscribe" || name_ == "punsubscribe" || name_ == "sunsubscribe";
    if (subscribes || is_unsubscribe) confirmations_ = std::max<std::size_t>(words.size() - 1, 1);
    // Without channels it means all of them, each of which has a confirmation.
    if (name_ == "unsubscribe" && words.size() == 1) {
      confirmations_ = std::max<std::size_t>(subscribed_, 1);
    }
  }

  FarEnd& end_;
  std::minstd_rand& random_;
  unsigned life_;  // commands; 0: for ever
  bool is_refusal_ = false;
  std::string name_;
  std::size_t confirmations_ = 0;
  std::size_t subscribed_ = 0;
  std::string received_;
  std::string said_;
};

/// A client's view of a relay, behind the handshake.
class Listener {
 public:
  Listener(FarEnd& end, bool has_credits) : end_(end), has_credits_(has_credits) {}

  bool listen() {
    if (!end_.receive(received_)) return false;
    if (!is_open_) {
      const std::size_t header = received_.find("\r\n\r\n");
      if (header == std::string::npos) return true;
      expect("it is let in", received_.starts_with("HTTP/1.1 101 "));
      is_open_ = true;
      received_.erase(0, header + 4);
    }
    while (!received_.empty()) take_frame();
    return true;
  }

  bool is_open() const { return is_open_; }
  bool has_close() const { return has_close_; }
  const std::string& last_pong() const { return last_pong_; }
  const std::string& data() const { return data_; }

 private:
  void take_frame() {
    expect("nothing behind a close", !has_close_);
    expect("a whole head", received_.size() >= 2);
    const auto byte_at = [&](std::size_t at) {
      return static_cast<std::size_t>(static_cast<unsigned char>(received_[at]));
    };
    const std::size_t first = byte_at(0);
    std::size_t size = byte_at(1);
    std::size_t begin = 2;
    expect("frames are not masked, and small", size < 127);
    if (size == 126) {
      expect("a whole length", received_.size() >= 4);
      size = byte_at(2) << 8 | byte_at(3);
      begin = 4;
    }
    expect("a whole frame", received_.size() >= begin + size);
    handle_frame(first, std::string_view(received_).substr(begin, size));
    received_.erase(0, begin + size);
  }

  void handle_frame(std::size_t first, std::string_view payload) {
    if (first == pong) {
      last_pong_ = payload;
    } else if (first == close) {
      has_close_ = true;
    } else {
      expect("binary", first == binary && !payload.empty());
      expect("of data", !has_credits_ || payload[0] == bridge::type_data);
      data_ += payload.substr(has_credits_ ? 1 : 0);
      expect("no more than a message may be", payload.size() <= options().sent_bytes_max + 1);
    }
  }

  FarEnd& end_;
  const bool has_credits_;
  std::string received_;
  bool is_open_ = false;
  bool has_close_ = false;
  std::string last_pong_;
  std::string data_;
};

bridge::Request upgrade() {
  namespace http = boost::beast::http;
  bridge::Request request(http::verb::get, "/", 11);
  request.set(http::field::host, "localhost");
  request.set(http::field::connection, "Upgrade");
  request.set(http::field::upgrade, "websocket");
  request.set(http::field::sec_websocket_version, "13");
  request.set(http::field::sec_websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
  return request;
}

struct World {
  World(Budget& budget, bool has_credits, std::minstd_rand& random, unsigned life)
      : account(budget.open_account(PoolKind::replies)),
        server(server_end, random, life),
        client(client_end, has_credits) {
    bridge::Stream client_stream(client_end.near_end());
    bridge::Stream server_stream(server_end.near_end());
    relay = std::make_shared<bridge::Relay>(std::move(client_stream),
                                            bridge::ServerEnd(std::move(server_stream)),
                                            bridge::Authorization(),
                                            bridge::Relay::Shared{.options = options(),
                                                                  .policy = policy(),
                                                                  .window = window,
                                                                  .kept = kept,
                                                                  .sizes = sizes,
                                                                  .upstream = 0,
                                                                  .rate = rate,
                                                                  .account = *account,
                                                                  .ahead = ahead,
                                                                  .counters = counters});
    const std::string_view protocol =
        has_credits ? bridge::protocol_with_credits : bridge::protocol_bare;
    asio::co_spawn(context(), relay->run(upgrade(), protocol),
                   [this](std::exception_ptr failed, const bridge::RelayEnd&) {
                     expect("nothing is thrown", failed == nullptr);
                     is_over = true;
                   });
    settle();
  }

  void settle() {
    bool was_busy = true;
    while (was_busy) {
      context().restart();
      was_busy = context().poll() > 0;
      was_busy = server.serve() || was_busy;
      was_busy = client.listen() || was_busy;
    }
  }

  FarEnd client_end{context()};
  FarEnd server_end{context()};
  AccountHandle account;
  bridge::ReplyWindow window{.requests_in_flight_max = 5, .reply_bytes_ahead_max = 700};
  bridge::KeptLimits kept;
  bridge::ReplySizes sizes{1};
  bridge::AheadShare ahead{5000};
  bridge::SharedRate rate{0};  // no bound
  bridge::Counters counters;
  AnyServer server;
  Listener client;
  bool is_over = false;
  std::shared_ptr<bridge::Relay> relay;
};

void send_in_pieces(World& world, std::string_view bytes, std::size_t longest,
                    std::minstd_rand& random) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, 1 + random() % longest);
    bytes.remove_prefix(piece.size());
    if (world.client_end.send(piece) < piece.size()) return;  // nobody reads on
    world.settle();
  }
}

Speaker speaker_of(std::string_view input) {
  Speaker speaker;
  while (input.size() >= 2) {
    const auto first = static_cast<unsigned char>(input[0]);
    const std::size_t size = static_cast<unsigned char>(input[1]);
    speaker.say(first, input.substr(2, size));
    input.remove_prefix(std::min(2 + size, input.size()));
  }
  return speaker;
}

struct Input {
  unsigned mode;
  unsigned seed;
  std::size_t granted_allocations;
  unsigned server_life;
  std::string_view bytes;
};

void try_input(const Input& input, Budget& budget) {
  std::minstd_rand random(input.seed);
  const bool has_credits = (input.mode & mode_credits) != 0;
  World world(budget, has_credits, random, input.server_life);
  expect("the handshake is answered", world.client.is_open());
  const bool is_raw = (input.mode & mode_raw) != 0;
  const Speaker speaker = is_raw ? Speaker() : speaker_of(input.bytes);
  const std::size_t longest = (input.mode & mode_whole) != 0 ? 4096 : 1 + input.seed % 64;
  send_in_pieces(world, is_raw ? input.bytes : std::string_view(speaker.bytes), longest, random);
  expect("of what the server said",
         std::string_view(world.server.said()).starts_with(world.client.data()));
  if (!is_raw) {
    expect("no more than was granted",
           !has_credits || world.client.data().size() <= speaker.granted);
    world.client_end.send(frame(ping, "still there"));
    world.settle();
    expect("it is there, or has ended",
           world.client.last_pong() == "still there" || world.client.has_close() || world.is_over);
  }
  expect("the server gets whole commands", !world.server.is_amid_command());
  world.client_end.close();
  world.settle();
  if (!world.is_over) {
    const auto later = std::chrono::steady_clock::now() + 2 * options().handshake_timeout;
    world.relay->check(later, std::chrono::system_clock::now());
    world.settle();
  }
  expect("it ends with its client, or when it is looked after", world.is_over);
  world.relay.reset();
  world.settle();
  expect("no relay is left", world.counters.relays == 0);
}

}  // namespace

void try_frames(std::string_view bytes) {
  if (bytes.size() < 4) return;
  const auto byte_at = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  const Input input{.mode = byte_at(0),
                    .seed = byte_at(1),
                    .granted_allocations = byte_at(2),
                    .server_life = byte_at(3),
                    .bytes = bytes.substr(4)};
  TestMemory memory;
  Budget budget({}, memory);
  if (input.granted_allocations > 0) memory.refuse_one_after(input.granted_allocations);
  try_input(input, budget);
  expect("nothing is held", budget.statistics().pool(PoolKind::replies).used == 0);
}

}  // namespace plimsoll::testing
