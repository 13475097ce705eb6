#include "plimsoll/core/client/near_cache.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/client/client.h"
#include "plimsoll/core/commands/question.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/tests/exhaustive/drain.h"
#include "plimsoll/tests/exhaustive/enumerate.h"
#include "plimsoll/tests/exhaustive/recycled_memory.h"
#include "plimsoll/tests/exhaustive/story.h"
#include "plimsoll/tests/support/depth.h"

// Two clients that share a cache, one key, and a server that tracks who has read it: reads, writes,
// writes by others, flushes, connections that are lost, and every order in which requests, replies
// and invalidations can travel. A value is the number of the write that made it.

namespace plimsoll::exhaustive::near_cache_test {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t clients_count = 2;

// One more takes minutes, for ./dev soak.
std::size_t moves_max() { return testing::depth() == testing::Depth::full ? 8 : 7; }

struct Outcomes {
  std::uint64_t hits = 0;
  std::uint64_t fetched = 0;
  std::uint64_t shared_hits = 0;  // of what the other client has read
  std::uint64_t lost = 0;
};

class CacheWorld {
 public:
  CacheWorld(Outcomes& outcomes, RecycledMemory& memory)
      : outcomes_(outcomes), budget_({.memory_limit = 4 * 1024 * 1024}, memory) {
    const cache::CacheOptions cache{.bytes_max = 16 * 1024};
    cache_.emplace(cache, cache::Cache::take_memory(budget_, cache).value());
    ClientOptions options;
    options.tracking.method = TrackingOptions::Method::all_reads;
    options.health_check_interval = Duration::zero();
    for (std::size_t i = 0; i < clients_count; ++i) {
      End& end = ends_[i];
      end.client.emplace(options, std::move(Client::open_accounts(budget_)).value());
      story_.require(end.client->use_cache(*cache_, "server").ok(), "there is room for a client");
      end.client->connect(now_);
      settle(i);
      open(i);
    }
  }

  std::size_t moves_count() {
    possible_.clear();
    const auto add = [&](Move::What what, std::size_t client, bool possible) {
      if (possible) possible_.push_back({what, client});
    };
    // The two are alike: the first to do anything may be the first.
    for (std::size_t i = 0; i < (requests_.empty() && !lost_ ? 1 : clients_count); ++i) {
      const End& end = ends_[i];
      add(Move::read, i, reads_count_ < 3);
      add(Move::write, i, writes_count_ < 2);
      add(Move::go_up, i, end.is_open && (end.client->unsent_connections() & 1) == 1);
      add(Move::come_down, i, end.is_open && !end.down.empty());
      add(Move::lose, i, end.is_open && !lost_);
      add(Move::come_back, i, !end.is_open);
    }
    add(Move::write_elsewhere, 0, !written_elsewhere_);
    add(Move::flush, 0, !flushed_);
    return possible_.size();
  }

  void make(std::size_t index) {
    const auto [what, client] = possible_[index];
    switch (what) {
      case Move::read: return read(client);
      case Move::write: return write(client);
      case Move::go_up: return go_up(client);
      case Move::come_down: return come_down(client);
      case Move::lose: return lose(client);
      case Move::come_back: return come_back(client);
      case Move::write_elsewhere:
        story_.add("somebody else writes");
        written_elsewhere_ = true;
        return change(version_ + 1);
      case Move::flush:
        story_.add("somebody else flushes");
        flushed_ = true;
        // What is not there is told as null: another value, that no write has made.
        ++version_;
        for (End& end : ends_) {
          if (end.is_open) end.down.push_back(">2\r\n$10\r\ninvalidate\r\n_\r\n");
          end.tracks = false;
        }
    }
  }

  // All arrives; then what is served is what the server has, and fences are open.
  void finish() {
    for (int steps = 0; steps < 50; ++steps) {
      for (std::size_t i = 0; i < clients_count; ++i) {
        if (!ends_[i].is_open) come_back(i);
        go_up(i);
        while (!ends_[i].down.empty()) come_down(i);
      }
    }
    for (const Request& request : requests_) story_.require(request.is_over, "every call ends");
    for (std::size_t i = 0; i < clients_count; ++i) {
      for (int times = 0; times < 2; ++times) {
        read(i);
        go_up(i);
        while (!ends_[i].down.empty()) come_down(i);
        story_.require(requests_.back().is_over, "a read ends");
        story_.require(requests_.back().version == version_, "when all is quiet, all is true");
      }
      story_.require(requests_.back().was_hit, "when all is quiet, what was read is kept");
    }
    cache_->validate();
  }

 private:
  struct Move {
    enum What : std::uint8_t {
      read,
      write,
      go_up,
      come_down,
      lose,
      come_back,
      write_elsewhere,
      flush
    };
    What what;
    std::size_t client;
  };

  struct End {
    std::optional<Client> client;
    std::deque<std::string> down;   // frames on their way
    std::deque<std::size_t> heard;  // writes, in the order in which they are sent
    bool is_open = false;
    bool is_wanted = false;
    bool tracks = false;
  };

  struct Request {
    std::size_t client;
    bool is_write;
    int version_min;  // of a read: what it must not be older than
    int version = -1;
    bool is_over = false;
    bool was_hit = false;
    bool is_in_doubt = false;
  };

  static CommandView view(std::span<const std::string_view> words) {
    CommandView command;
    command.args = words;
    return command;
  }

  void open(std::size_t i) {
    End& end = ends_[i];
    end.is_open = true;
    end.is_wanted = false;
    end.client->handle_opened(first_connection, now_);
    settle(i);
    std::array<std::string_view, 8> spans;
    story_.require(end.client->poll_transmit(first_connection, spans) == 1, "a handshake");
    end.client->handle_written(first_connection, spans[0].size());
    receive(i, "%1\r\n+proto\r\n:3\r\n+OK\r\n+OK\r\n+user\r\n+OK\r\n+PONG\r\n");
  }

  void come_back(std::size_t i) {
    story_.add("comes back", i);
    End& end = ends_[i];
    while (!end.is_wanted) {
      now_ = std::max(now_, end.client->poll_timeout());
      end.client->handle_timeout(now_);
      settle(i);
    }
    open(i);
  }

  // The least that a read may show which is called now: what anybody was told, and what this client
  // has written, sent or not.
  int version_min(std::size_t i) const {
    int least = told_;
    for (const Request& request : requests_) {
      if (!request.is_write || request.is_in_doubt) continue;
      if (request.is_over || request.client == i) least = std::max(least, request.version);
    }
    return least;
  }
  bool writes_now(std::size_t i) const {
    return std::any_of(requests_.begin(), requests_.end(), [i](const Request& request) {
      return request.is_write && !request.is_over && request.client == i;
    });
  }

  void read(std::size_t i) {
    story_.add("reads", i);
    ++reads_count_;
    End& end = ends_[i];
    constexpr std::array<std::string_view, 2> words{"GET", "k"};
    const Tag tag = requests_.size();
    requests_.push_back({.client = i, .is_write = false, .version_min = version_min(i)});
    commands::QuestionReader question;
    story_.require(question.read(view(words)), "GET may be cached");
    std::string reply;
    const bool hit = cache_->visit(end.client->near_cache()->reader(cache::any_staleness, now_),
                                   question.question(), now_, [&](std::string_view bytes) {
                                     reply = bytes;
                                     return true;
                                   });
    if (hit) {
      story_.add("(hit)");
      ++outcomes_.hits;
      if (last_reader_ != i) ++outcomes_.shared_hits;
      story_.require(!writes_now(i), "nobody is served what he is writing");
      requests_.back().was_hit = true;
      return tell(tag, reply[4] - '0');
    }
    story_.require(end.client->submit(view(words), now_, Duration::zero(), tag).ok(),
                   "there is room");
    settle(i);
  }

  void write(std::size_t i) {
    story_.add("writes", i);
    ++writes_count_;
    constexpr std::array<std::string_view, 3> words{"SET", "k", "v"};
    const Tag tag = requests_.size();
    requests_.push_back({.client = i, .is_write = true, .version_min = 0});
    ends_[i].heard.push_back(tag);
    story_.require(ends_[i].client->submit(view(words), now_, Duration::zero(), tag).ok(),
                   "there is room");
    settle(i);
  }

  // All that there is to send, which the server takes at once.
  void go_up(std::size_t i) {
    End& end = ends_[i];
    std::array<std::string_view, 8> spans;
    const std::size_t count = end.client->poll_transmit(first_connection, spans);
    std::string bytes;
    for (std::size_t n = 0; n < count; ++n) bytes += spans[n];
    if (count > 0) end.client->handle_written(first_connection, bytes.size());
    settle(i);
    for (std::size_t at = bytes.find('*'); at != bytes.npos; at = bytes.find('*', at + 1)) {
      const std::string_view name = std::string_view(bytes).substr(at + 8, 3);
      story_.add(name == "GET" ? "the server reads for" : "the server writes for", i);
      if (name == "GET") {
        end.down.push_back("$1\r\n" + std::to_string(version_) + "\r\n");
        end.tracks = true;
      } else if (name == "SET") {
        end.down.push_back("+OK\r\n");
        requests_[end.heard.front()].version = version_ + 1;
        end.heard.pop_front();
        change(version_ + 1);
      } else {
        end.down.push_back("+PONG\r\n");
      }
    }
  }

  void change(int version) {
    version_ = version;
    for (End& end : ends_) {
      if (std::exchange(end.tracks, false)) {
        end.down.push_back(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
      }
    }
  }

  void come_down(std::size_t i) {
    const std::string frame = ends_[i].down.front();
    ends_[i].down.pop_front();
    story_.add(frame[0] == '>' ? "hears of a change" : "hears a reply", i);
    receive(i, frame);
  }

  void receive(std::size_t i, const std::string& bytes) {
    const std::span<char> room = ends_[i].client->read_space(first_connection);
    std::memcpy(room.data(), bytes.data(), bytes.size());
    ends_[i].client->handle_read(first_connection, bytes.size(), now_);
    settle(i);
  }

  void lose(std::size_t i) {
    story_.add("loses the connection", i);
    lost_ = true;
    End& end = ends_[i];
    end.is_open = end.tracks = false;
    end.down.clear();
    end.client->handle_closed(first_connection, {.code = ErrorCode::connection_lost}, now_);
    settle(i);
  }

  void settle(std::size_t i) {
    const auto act = [&](const Action& action) {
      ends_[i].is_wanted = action.kind == Action::Kind::open;
    };
    drain(*ends_[i].client, [&](const Event& event) { note(event); }, act);
  }

  void note(const Event& event) {
    if (event.kind == Event::Kind::failed) {
      Request& request = requests_[event.tag];
      request.is_over = request.is_in_doubt = true;
      ++outcomes_.lost;
    } else if (event.kind == Event::Kind::completed) {
      Request& request = requests_[event.tag];
      if (request.is_write) {
        request.is_over = true;
      } else {
        ++outcomes_.fetched;
        last_reader_ = request.client;
        tell(event.tag, (*event.value->as_bytes()).view()[0] - '0');
      }
    } else {
      story_.require(event.kind != Event::Kind::pushed, "invalidations are no user's");
    }
  }

  void tell(Tag tag, int version) {
    Request& request = requests_[tag];
    story_.add("(told)", static_cast<std::uint64_t>(version));
    story_.require(!request.is_over, "a read has one outcome");
    story_.require(version >= request.version_min, "nothing older than what was known is told");
    request.is_over = true;
    request.version = version;
    told_ = std::max(told_, version);
  }

  Outcomes& outcomes_;
  Story story_;
  Budget budget_;
  std::optional<cache::Cache> cache_;
  std::array<End, clients_count> ends_;
  Instant now_{};
  std::vector<Request> requests_;
  std::vector<Move> possible_;
  std::size_t last_reader_ = 0;
  int version_ = 1;
  int told_ = 0;
  std::size_t reads_count_ = 0;
  std::size_t writes_count_ = 0;
  bool written_elsewhere_ = false;
  bool flushed_ = false;
  bool lost_ = false;
};

TEST_CASE("no order of reads, writes, invalidations and losses shows anything older than before") {
  Outcomes outcomes;
  RecycledMemory memory;
  const std::uint64_t worlds =
      enumerate(moves_max(), [&](Choices&) { return CacheWorld(outcomes, memory); });
  INFO(worlds << " worlds");
  CHECK(worlds > 100'000);
  CHECK(outcomes.hits > 0);
  CHECK(outcomes.shared_hits > 0);
  CHECK(outcomes.fetched > 0);
  CHECK(outcomes.lost > 0);
}

}  // namespace
}  // namespace plimsoll::exhaustive::near_cache_test
