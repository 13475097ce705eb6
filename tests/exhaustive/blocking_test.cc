#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/client.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/heap_memory.h"
#include "plimsoll/tests/exhaustive/drain.h"
#include "plimsoll/tests/exhaustive/enumerate.h"
#include "plimsoll/tests/exhaustive/story.h"

// One command that blocks, one element that somebody pushes, one change of mind, and connections
// that are lost, in every order: the element is told, or still there, or its loss is in doubt.

namespace plimsoll::exhaustive::blocking_test {
namespace {

using std::chrono::milliseconds;

struct Outcomes {
  std::uint64_t told = 0;
  std::uint64_t saved = 0;  // after the change of mind
  std::uint64_t ended = 0;  // with nothing taken
  std::uint64_t doubtful = 0;
};

class BlockingWorld {
 public:
  enum class Move : std::uint8_t { open, send, hear, read, push, cancel, wait, lose };

  explicit BlockingWorld(Outcomes& outcomes) : outcomes_(outcomes) {
    ClientOptions options;
    options.tombstone_age_max = milliseconds(50);
    client_.emplace(options, std::move(Client::open_accounts(budget_)).value());
    client_->connect(now_);
    settle();
    open(0);
    const std::array<std::string_view, 3> words{"BLPOP", "list", "0"};
    CommandView command;
    command.args = words;
    command.block_time = milliseconds(20);
    id_ = client_->submit(command, now_, milliseconds(20), 1).value();
    settle();
  }

  std::size_t moves_count() {
    possible_.clear();
    const auto add = [&](Move move, std::uint32_t connection, bool possible) {
      if (possible) possible_.push_back({move, connection});
    };
    for (std::uint32_t i = 0; i < 2; ++i) {
      const Link& link = links_[i];
      add(Move::open, i, link.wanted);
      add(Move::send, i, link.open && (client_->unsent_connections() >> i & 1) == 1);
      add(Move::hear, i, link.open && !link.to_server.empty());
      add(Move::read, i, link.open && !link.to_client.empty());
      add(Move::lose, i, link.open && losses_ < 1);
    }
    add(Move::push, 0, !pushed_);
    add(Move::cancel, 0, !cancelled_);
    add(Move::wait, 0, waits_ < 3 && client_->poll_timeout() != never);
    return possible_.size();
  }

  void make(std::size_t index) {
    const auto [move, connection] = possible_[index];
    switch (move) {
      case Move::open: return open(connection);
      case Move::send: return send(connection);
      case Move::hear: return hear(connection);
      case Move::read: return read(connection);
      case Move::push:
        story_.add("an element is pushed");
        pushed_ = list_ = true;
        return serve();
      case Move::cancel:
        story_.add("cancel");
        cancelled_ = true;
        client_->cancel(id_, now_);
        return settle();
      case Move::wait: ++waits_; return wait();
      case Move::lose: ++losses_; return lose(connection);
    }
  }

  void finish() {
    story_.add("no faults any more");
    losses_ = 1;
    for (int steps = 0; !ended_ && steps < 200; ++steps) {
      const std::size_t count = moves_count();
      std::size_t chosen = count;
      for (std::size_t i = 0; i < count; ++i) {
        const Move move = possible_[i].first;
        if (move <= Move::read) chosen = i;
      }
      chosen == count ? wait() : make(chosen);
    }
    story_.require(ended_, "a command that blocks ends");
    client_->abort();
    settle();
    story_.require(closed_, "a client that is aborted ends");
  }

 private:
  struct Link {
    bool wanted = false;
    bool open = false;
    bool blocked = false;
    std::string to_server{};
    std::string to_client{};
  };

  void open(std::uint32_t i) {
    story_.add("open connection", i);
    Link& link = links_[i];
    link = {.open = true};
    client_->handle_opened(ConnectionId{i}, now_);
    settle();
    send(i);
    link.to_server.clear();
    link.to_client =
        "%2\r\n+proto\r\n:3\r\n+id\r\n:" + std::to_string(7 + i) + "\r\n+OK\r\n+OK\r\n+PONG\r\n";
    read(i);
  }

  void send(std::uint32_t i) {
    std::array<std::string_view, 8> spans;
    const std::size_t count = client_->poll_transmit(ConnectionId{i}, spans);
    std::size_t bytes = 0;
    for (std::size_t span = 0; span < count; ++span) {
      links_[i].to_server += spans[span];
      bytes += spans[span].size();
    }
    story_.add("send, in bytes,", bytes);
    if (count > 0) client_->handle_written(ConnectionId{i}, bytes);
    settle();
  }

  // One server for both: what is said on one concerns who waits on the other.
  void hear(std::uint32_t i) {
    story_.add("the server hears connection", i);
    const std::string bytes = std::exchange(links_[i].to_server, {});
    if (bytes.find("UNBLOCK") != std::string::npos) {
      const bool blocked = std::exchange(links_[1].blocked, false);
      if (blocked) links_[1].to_client += "_\r\n";
      links_[0].to_client += blocked ? ":1\r\n" : ":0\r\n";
    } else if (bytes.find("BLPOP") != std::string::npos) {
      links_[i].blocked = true;
      serve();
    }
  }

  void serve() {
    Link& link = links_[1];
    if (!list_ || !link.blocked) return;
    list_ = link.blocked = false;
    taken_ = true;
    link.to_client += "*2\r\n+list\r\n+element\r\n";
  }

  void read(std::uint32_t i) {
    story_.add("read on connection", i);
    std::string& bytes = links_[i].to_client;
    while (links_[i].open && !bytes.empty()) {
      const std::span<char> room = client_->read_space(ConnectionId{i});
      const std::size_t count = std::min(room.size(), bytes.size());
      std::memcpy(room.data(), bytes.data(), count);
      bytes.erase(0, count);
      client_->handle_read(ConnectionId{i}, count, now_);
      settle();
    }
  }

  void wait() {
    const Instant next = client_->poll_timeout();
    story_.require(next != never, "a client waits for something that comes");
    story_.add("wait");
    now_ = std::max(now_, next);
    client_->handle_timeout(now_);
    settle();
  }

  void lose(std::uint32_t i) {
    story_.add("lose connection", i);
    links_[i] = {};
    client_->handle_closed(ConnectionId{i}, {.code = ErrorCode::connection_lost}, now_);
    settle();
  }

  void settle() {
    const auto act = [this](const Action& action) {
      Link& link = links_[static_cast<std::size_t>(action.connection)];
      link = {.wanted = action.kind == Action::Kind::open};
    };
    drain(*client_, [this](const Event& event) { note(event); }, act);
  }

  void note(const Event& event) {
    closed_ = closed_ || event.kind == Event::Kind::closed;
    const bool completed = event.kind == Event::Kind::completed;
    if (!completed && event.kind != Event::Kind::failed) return;
    story_.add(completed ? "(completed)" : name(event.error->code).data());
    story_.require(event.tag == 1 && !ended_, "a command that blocks has one outcome");
    ended_ = true;
    if (completed) {
      story_.require(taken_ == !event.value->is_null(), "what was taken is told, and nothing else");
      ++outcomes_.told;
      if (cancelled_) ++outcomes_.saved;
    } else if (event.error->executed == Executed::no) {
      story_.require(!taken_, "what is said to have taken nothing took nothing");
      never_ = true;
      ++outcomes_.ended;
    } else {
      ++outcomes_.doubtful;
    }
    story_.require(!never_ || !taken_, "and takes nothing later");
  }

  Outcomes& outcomes_;
  Story story_;
  HeapMemory memory_;
  Budget budget_{BudgetOptions{}, memory_};
  std::optional<Client> client_;
  RequestId id_ = 0;
  Instant now_{};
  std::array<Link, 64> links_;
  std::vector<std::pair<Move, std::uint32_t>> possible_;
  bool pushed_ = false;
  bool list_ = false;  // there is an element
  bool taken_ = false;
  bool cancelled_ = false;
  bool ended_ = false;
  bool never_ = false;
  bool closed_ = false;
  int waits_ = 0;
  int losses_ = 0;
};

TEST_CASE("a command that blocks, an element and a change of mind, in every order") {
  Outcomes outcomes;
  const std::uint64_t worlds = enumerate(12, [&](Choices&) { return BlockingWorld(outcomes); });
  INFO(worlds << " worlds");
  CHECK(worlds > 100'000);
  CHECK(outcomes.told > 0);
  CHECK(outcomes.saved > 0);
  CHECK(outcomes.ended > 0);
  CHECK(outcomes.doubtful > 0);
}

}  // namespace
}  // namespace plimsoll::exhaustive::blocking_test
