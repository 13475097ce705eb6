#include "plimsoll/bench/budget/rows.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "plimsoll/bench/budget/scripted_server.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/client.h"
#include "plimsoll/client_side_cache.h"
#include "plimsoll/core/commands/builders.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/heap_memory.h"
#include "plimsoll/core/resp/reader.h"
#include "plimsoll/memory.h"
#include "plimsoll/subscription.h"

namespace plimsoll::bench {
namespace {

namespace asio = boost::asio;

constexpr std::string_view key = "key:__rand_int__";
constexpr std::size_t small_bytes = 100;
constexpr std::size_t big_bytes = 10 * 1024;
constexpr std::size_t window = 100;
constexpr std::size_t batch = 1000;  // Options::inflight_requests_limit
constexpr std::size_t mget_keys = 16;
constexpr std::size_t hash_fields = 20;

std::string bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}
std::string value_of(std::size_t bytes) { return bulk(std::string(bytes, 'v')); }

// A client and its server, which take turns in this thread. The client has the options that users
// have: no time limit is ever reached (clock.cc).
class World {
 public:
  explicit World(ScriptedServer::Listens listens) : server_(listens) {}

  native::Client connect(const native::Options& options = native::Options()) {
    std::optional<native::Result<native::Client>> made;
    native::connect(io_.get_executor(), server_.url(), options,
                    [&made](native::Result<native::Client> client) { made = std::move(client); });
    while (!made) step_both();
    if (!*made) fail("connect", made->error().what());
    return std::move(**made);
  }

  // As the threads do that serve clients in a program; but a handler at a time, so that the server
  // answers before the client waits for it.
  void step() { io_.run_one(); }
  void step_both() {
    step();
    server_.serve();
  }

  asio::io_context& io() { return io_; }
  ScriptedServer& server() { return server_; }

 private:
  // As the process's shared thread has it.
  asio::io_context io_{1};
  ScriptedServer server_;
};

class ClientRow : public Row {
 public:
  void step() override { world_.step(); }
  void serve() override { world_.server().serve(); }

 protected:
  using Listens = ScriptedServer::Listens;
  explicit ClientRow(const native::Options& options = native::Options(),
                     Listens listens = Listens::on_unix_socket)
      : world_(listens), client_(world_.connect(options)) {}

  template <class Result>
  void note(const Result& result, bool right) {
    if (!result) fail("plimsoll", result.error().what());
    if (!right) fail("plimsoll", "a wrong reply");
    ++completed_;
  }

  World world_;
  native::Client client_;
};

// What is sent with callbacks: one type for each, so that a callback costs what it costs in a
// program.
template <std::size_t bytes>
struct Get {
  static void prepare(ScriptedServer& server) { server.answer("GET", value_of(bytes)); }
  template <class Then>
  void send(native::Client& client, Then then) {
    client.get(key, then);
  }
  static bool is_right(const std::optional<std::string>& got) {
    return got && got->size() == bytes;
  }
};

struct GetAsReply {
  static void prepare(ScriptedServer& server) { server.answer("GET", value_of(small_bytes)); }
  template <class Then>
  void send(native::Client& client, Then then) {
    client.command({"GET", key}, then);
  }
  static bool is_right(const native::Reply& got) {
    const auto text = got.value().as_bytes();
    return text && text->size() == small_bytes;
  }
};

struct Set {
  std::string value = std::string(small_bytes, 's');

  static void prepare(ScriptedServer& server) { server.answer("SET", "+OK\r\n"); }
  template <class Then>
  void send(native::Client& client, Then then) {
    client.set(key, value, then);
  }
};

struct Hgetall {
  static void prepare(ScriptedServer& server) {
    std::string reply = "%" + std::to_string(hash_fields) + "\r\n";
    for (std::size_t i = 0; i < hash_fields; ++i) {
      reply += bulk("field:" + std::to_string(10 + i)) + bulk(std::string(20, 'v'));
    }
    server.answer("HGETALL", reply);
  }
  template <class Then>
  void send(native::Client& client, Then then) {
    client.hgetall(key, then);
  }
  static bool is_right(const native::StringMap& got) { return got.size() == hash_fields; }
};

struct Mget {
  std::vector<std::string> texts;
  std::vector<std::string_view> keys;
  Mget() {
    for (std::size_t i = 0; i < mget_keys; ++i) texts.push_back("key:" + std::to_string(1000 + i));
    keys.assign(texts.begin(), texts.end());
  }

  static void prepare(ScriptedServer& server) {
    std::string reply = "*" + std::to_string(mget_keys) + "\r\n";
    for (std::size_t i = 0; i < mget_keys; ++i) reply += value_of(small_bytes);
    server.answer("MGET", reply);
  }
  template <class Then>
  void send(native::Client& client, Then then) {
    client.mget(keys, then);
  }
  static bool is_right(const std::vector<std::optional<std::string>>& got) {
    return got.size() == mget_keys && got.back() && got.back()->size() == small_bytes;
  }
};

template <class Request>
bool is_right(const native::Result<void>&) {
  return true;
}
template <class Request, class T>
bool is_right(const native::Result<T>& result) {
  return result && Request::is_right(*result);
}

// Each reply makes room for the next request.
template <class Request, std::size_t in_flight,
          ScriptedServer::Listens listens = ScriptedServer::Listens::on_unix_socket>
class Window final : public ClientRow {
 public:
  Window() : ClientRow(native::Options(), listens) {
    Request::prepare(world_.server());
    asio::post(world_.io(), [this] {
      for (std::size_t i = 0; i < in_flight; ++i) send();
    });
  }

 private:
  void send() {
    request_.send(client_, [this](const auto& result) {
      note(result, is_right<Request>(result));
      send();
    });
  }

  Request request_;
};

// The last reply of a batch sets the next batch off.
template <class Request>
class Batches final : public ClientRow {
 public:
  Batches() {
    Request::prepare(world_.server());
    asio::post(world_.io(), [this] { send_all(); });
  }

 private:
  void send_all() {
    for (std::size_t i = 0; i < batch; ++i) {
      request_.send(client_, [this](const auto& result) {
        note(result, is_right<Request>(result));
        if (completed_ % batch == 0) send_all();
      });
    }
  }

  Request request_;
};

enum class Form { call, token };

// Coroutines that each wait for a GET, and go on with the next.
template <Form form>
class Coroutines final : public ClientRow {
 public:
  Coroutines() {
    world_.server().answer("GET", value_of(small_bytes));
    for (std::size_t i = 0; i < window; ++i) asio::co_spawn(world_.io(), run(), asio::detached);
  }

 private:
  asio::awaitable<void> run() {
    for (;;) {
      if constexpr (form == Form::call) {
        const std::optional<std::string> got = co_await client_.get(key);
        if (!got || got->size() != small_bytes) fail("plimsoll", "a wrong reply");
        ++completed_;
      } else {
        const auto got = co_await client_.get(key, asio::use_awaitable);
        note(got, is_right<Get<small_bytes>>(got));
      }
    }
  }
};

native::Options cached_options() {
  native::ClientSideCacheOptions wanted;
  wanted.max_cache_kb = 1024;
  native::Options options;
  options.client_side_cache = native::ClientSideCache::create(wanted).value();
  return options;
}

// Reads that the near cache answers. Nothing of it waits, so a step is some of them.
enum class Hit { awaited, visited };
template <Hit hit>
class CacheHits final : public ClientRow {
 public:
  CacheHits() : ClientRow(cached_options()) {
    world_.server().answer("GET", value_of(small_bytes));
    asio::co_spawn(world_.io(), run(), asio::detached);
  }

 private:
  asio::awaitable<void> run() {
    co_await client_.get(key);
    world_.server().answer("GET", "-ERR the cache should have answered\r\n");
    for (;;) {
      co_await asio::post(world_.io(), asio::use_awaitable);
      for (std::size_t i = 0; i < window; ++i) {
        if constexpr (hit == Hit::awaited) {
          const std::optional<std::string> got = co_await client_.get(key);
          if (!got || got->size() != small_bytes) fail("plimsoll", "a wrong reply");
        } else if (!client_.visit_cached(commands::get(key), [](const Value& value) {
                     if (value.as_bytes()->size() != small_bytes) fail("plimsoll", "a wrong reply");
                   })) {
          fail("plimsoll", "the cache does not have the key");
        }
        ++completed_;
      }
    }
  }
};

// A subscriber. The server publishes the next messages when the last of them has been taken.
class Messages final : public ClientRow {
 public:
  Messages() {
    world_.server().answer("SUBSCRIBE", ">3\r\n" + bulk("subscribe") + bulk("news") + ":1\r\n");
    for (std::size_t i = 0; i < window; ++i) {
      messages_ += ">3\r\n" + bulk("message") + bulk("news") + value_of(small_bytes);
    }
    client_.subscribe({"news"}, [this](native::Result<native::Subscription> made) {
      if (!made) fail("plimsoll", made.error().what());
      subscription_ = std::move(*made);
      take();
    });
  }

  void serve() override {
    if (waits_ && completed_ == published_) {
      world_.server().send(messages_);
      published_ += window;
    }
    ClientRow::serve();
  }

 private:
  void take() {
    waits_ = true;
    subscription_.next_some(1000, [this](const native::Result<std::vector<native::Message>>& some) {
      if (!some || some->empty()) fail("plimsoll", "the subscription has ended");
      if (some->back().payload.size() != small_bytes) fail("plimsoll", "a wrong message");
      completed_ += some->size();
      take();
    });
  }

  native::Subscription subscription_;
  std::string messages_;
  bool waits_ = false;
  std::size_t published_ = 0;
};

// The parser alone: bytes are copied to where the reader wants them, as a system would.
class Parsing final : public Row {
 public:
  Parsing() {
    for (std::size_t i = 0; i < window; ++i) replies_ += value_of(small_bytes);
  }

  void step() override {
    for (std::string_view left = replies_; !left.empty();) {
      const auto room = reader_.read_space();
      if (room.empty()) fail("the reader", "no memory");
      const std::size_t count = std::min(left.size(), room.size());
      std::memcpy(room.data(), left.data(), count);
      left.remove_prefix(count);
      reader_.handle_read(count);
      read_frames();
    }
  }

 private:
  void read_frames() {
    Reader::Poll poll = reader_.next(true);
    for (; poll == Reader::Poll::frame; poll = reader_.next(true)) {
      if (reader_.value().as_bytes()->size() != small_bytes) fail("the reader", "a wrong reply");
      ++completed_;
    }
    if (poll == Reader::Poll::failed) fail("the reader", "the replies are not understood");
  }

  HeapMemory memory_;
  Budget budget_{{}, memory_};
  AccountHandle account_ = budget_.open_account(PoolKind::replies);
  Reader reader_{*account_, {}};
  std::string replies_;
};

template <class Kind>
std::unique_ptr<Row> make() {
  return std::make_unique<Kind>();
}

constexpr std::array kinds = {
    RowKind{"get", 20'000, make<Window<Get<small_bytes>, window>>},
    RowKind{"get_awaited", 20'000, make<Coroutines<Form::call>>},
    RowKind{"get_use_awaitable", 20'000, make<Coroutines<Form::token>>},
    RowKind{"get_one_in_flight", 5'000, make<Window<Get<small_bytes>, 1>>},
    RowKind{"get_batches", 20'000, make<Batches<Get<small_bytes>>>},
    RowKind{"get_in_cluster", 20'000,
            make<Window<Get<small_bytes>, window, ScriptedServer::Listens::on_tcp>>},
    RowKind{"set", 20'000, make<Window<Set, window>>},
    RowKind{"hgetall", 4'000, make<Window<Hgetall, window>>},
    RowKind{"get_as_reply", 20'000, make<Window<GetAsReply, window>>},
    RowKind{"mget", 4'000, make<Window<Mget, window>>},
    RowKind{"get_big", 4'000, make<Window<Get<big_bytes>, window>>},
    RowKind{"message", 20'000, make<Messages>},
    RowKind{"cache_hit", 20'000, make<CacheHits<Hit::awaited>>},
    RowKind{"cache_visit", 20'000, make<CacheHits<Hit::visited>>},
    RowKind{"parse", 20'000, make<Parsing>},
};

}  // namespace

std::span<const RowKind> row_kinds() { return kinds; }

std::uint64_t idle_client_bytes() {
  constexpr std::size_t more_clients = 100;
  World world(ScriptedServer::Listens::on_unix_socket);
  std::vector<native::Client> clients;
  clients.push_back(world.connect());
  const std::size_t one = native::memory_statistics().used;
  while (clients.size() <= more_clients) clients.push_back(world.connect());
  return (native::memory_statistics().used - one) / more_clients;
}

}  // namespace plimsoll::bench
