#include "plimsoll/core/client/near_cache.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/client/client.h"
#include "plimsoll/core/commands/question.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/heap_memory.h"
#include "plimsoll/fuzz/expect.h"

// A client with a cache, and a server that says anything: replies, invalidations of all shapes,
// bytes that are neither. The input is a script of what both do. Whatever that is, the client and
// the cache stay in order, and another client of the cache finds that it works.

namespace plimsoll::fuzz {
namespace {

constexpr std::size_t cache_bytes = 16 * 1024;
constexpr std::string_view handshake_replies =
    "%1\r\n$5\r\nproto\r\n:3\r\n+OK\r\n+OK\r\n+user\r\n+OK\r\n+PONG\r\n";

// What decides the next steps.
class Script {
 public:
  explicit Script(std::string_view input) : left_(input) {}

  bool empty() const { return left_.empty(); }
  std::size_t number() {
    if (left_.empty()) return 0;
    const auto byte = static_cast<unsigned char>(left_.front());
    left_.remove_prefix(1);
    return byte;
  }
  std::string_view bytes(std::size_t count) {
    const std::string_view taken = left_.substr(0, count);
    left_.remove_prefix(taken.size());
    return taken;
  }

 private:
  std::string_view left_;
};

ClientOptions tracked_options() {
  ClientOptions options;
  options.tracking.method = TrackingOptions::Method::all_reads;
  options.read_resends_max = 1;
  options.reconnect_attempts_max = 1'000'000;
  options.inflight_requests_limit = 64;
  return options;
}

// A client, and the near end of its connection.
class End {
 public:
  End(Budget& budget, cache::Cache& cache)
      : cache_(cache), client_(tracked_options(), Client::open_accounts(budget).value()) {
    expect("a client may use the cache", client_.use_cache(cache, "the server").ok());
    client_.connect(now_);
    settle();
  }

  Client& client() { return client_; }

  void wait(Duration time) {
    now_ += time;
    client_.handle_timeout(now_);
    settle();
  }

  void send(std::span<const std::string_view> words, bool fresh) {
    CommandView command;
    command.args = words;
    commands::QuestionReader reader;
    if (reader.read(command) && look_up(reader.question())) return;
    const Duration age_max = fresh ? Duration::zero() : cache::any_staleness;
    const Duration timeout = std::chrono::milliseconds(500);
    const auto id = client_.submit(command, now_, timeout, ++tag_, age_max);
    if (id) last_ = *id;
    settle();
  }

  void prove() {
    const auto id = client_.prove(now_, std::chrono::milliseconds(500), ++tag_);
    if (id) last_ = *id;
    settle();
  }

  void cancel() {
    client_.cancel(last_, now_);
    settle();
  }

  bool look_up(const commands::Question& question) {
    cache::Cache::Reader wanted = client_.near_cache()->reader(cache::any_staleness, now_);
    wanted.scratch = &client_.replies_account();
    return cache_.visit(wanted, question, now_, [](std::string_view) { return true; });
  }

  void receive(std::string_view bytes) {
    while (!bytes.empty() && is_open_) {
      const std::span<char> room = client_.read_space(first_connection);
      const std::size_t count = std::min(room.size(), bytes.size());
      if (count == 0) return;  // no memory to read to
      std::memcpy(room.data(), bytes.data(), count);
      bytes.remove_prefix(count);
      client_.handle_read(first_connection, count, now_);
      settle();
    }
  }

  void lose() {
    if (!is_open_) return;
    is_open_ = false;
    client_.handle_closed(first_connection, {.code = ErrorCode::connection_lost}, now_);
    settle();
  }

 private:
  void settle() {
    for (bool more = true; more;) {
      more = false;
      while (const auto event = client_.poll_event()) {
        if (event->value) (void)client_.keep_reply();
      }
      if (const auto action = client_.poll_action()) {
        more = true;
        if (action->connection != first_connection) continue;
        is_open_ = false;
        if (action->kind == Action::Kind::open) open();
      }
    }
    transmit();
    client_.validate();
    cache_.validate();
    expect("the cache stays below its bytes", cache_.statistics().bytes_committed <= cache_bytes);
  }

  // As a server that accepts every handshake.
  void open() {
    is_open_ = true;
    client_.handle_opened(first_connection, now_);
    transmit();
    receive(handshake_replies);
  }

  void transmit() {
    std::array<std::string_view, 16> spans;
    while (is_open_) {
      const std::size_t count = client_.poll_transmit(first_connection, spans);
      std::size_t bytes = 0;
      for (std::string_view span : std::span(spans).first(count)) bytes += span.size();
      if (bytes == 0) return;
      client_.handle_written(first_connection, bytes);
    }
  }

  cache::Cache& cache_;
  Client client_;
  Instant now_{};
  bool is_open_ = false;
  Tag tag_ = 0;
  RequestId last_ = 0;
};

std::string invalidation_of(std::string_view key) {
  return ">2\r\n$10\r\ninvalidate\r\n*1\r\n$" + std::to_string(key.size()) + "\r\n" +
         std::string(key) + "\r\n";
}

void take_step(End& end, Script& script) {
  constexpr std::array<std::string_view, 4> keys = {"a", "b", "ship", ""};
  constexpr std::array<std::string_view, 7> replies = {
      "$3\r\nold\r\n",          "_\r\n", "+OK\r\n", ":1\r\n", "-ERR no\r\n",
      "*2\r\n$1\r\nx\r\n_\r\n", "*0\r\n"};
  const std::size_t step = script.number();
  const std::string_view key = keys[script.number() % keys.size()];
  switch (step % 14) {
    case 0: return end.send(std::array<std::string_view, 2>{"GET", key}, false);
    case 1: return end.send(std::array<std::string_view, 2>{"GET", key}, true);
    case 2: return end.send(std::array<std::string_view, 3>{"SET", key, "new"}, false);
    case 3: return end.send(std::array<std::string_view, 4>{"MGET", "a", key, "b"}, false);
    case 4: return end.send(std::array<std::string_view, 3>{"EXISTS", key, "a"}, false);
    case 5: return end.send(std::array<std::string_view, 3>{"EVAL", "return 1", "0"}, false);
    case 6: return end.prove();
    case 7: return end.cancel();
    case 8: return end.wait(std::chrono::milliseconds(script.number() * 50));
    case 9: return end.receive(invalidation_of(key));
    case 10: return end.receive(">2\r\n$10\r\ninvalidate\r\n_\r\n");
    case 11: return end.receive(replies[script.number() % replies.size()]);
    case 12: return end.receive(script.bytes(script.number()));
    default: return end.lose();
  }
}

// What a cache is for, from the first read to the invalidation.
void check_that_it_works(Budget& budget, cache::Cache& cache) {
  End end(budget, cache);
  constexpr std::array<std::string_view, 2> get = {"GET", "another key"};
  const commands::Question question = commands::get_of(get[1]);
  end.send(get, false);
  end.receive("$5\r\nvalue\r\n");
  expect("what was read is there", end.look_up(question));
  end.receive(invalidation_of(get[1]));
  expect("what is invalidated is not", !end.look_up(question));
}

void run(Script script) {
  HeapMemory memory;
  Budget budget({.memory_limit = std::size_t{8} << 20}, memory);
  const cache::CacheOptions options{.bytes_max = cache_bytes, .cache_nil = true, .seed = 1};
  cache::Cache cache(options, cache::Cache::take_memory(budget, options).value());
  {
    End end(budget, cache);
    for (int steps = 0; steps < 200 && !script.empty(); ++steps) take_step(end, script);
  }
  check_that_it_works(budget, cache);
}

}  // namespace
}  // namespace plimsoll::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plimsoll::fuzz;
  run(Script({reinterpret_cast<const char*>(data), size}));
  return 0;
}
