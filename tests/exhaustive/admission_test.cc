#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/client.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/heap_memory.h"
#include "plimsoll/tests/exhaustive/drain.h"
#include "plimsoll/tests/exhaustive/enumerate.h"
#include "plimsoll/tests/exhaustive/story.h"

// Four requests for one place, with room for two waiters, while requests are given up,
// time passes, memory runs out, the connection is lost and the client closed: each is served in its
// turn, or told why not.

namespace plimsoll::exhaustive::admission_test {
namespace {

using std::chrono::milliseconds;

constexpr Tag requests_count = 4;
constexpr std::size_t waiters_max = 2;
constexpr Duration timeout = milliseconds(100);

// As much as a line needs, and less than a request does.
constexpr std::size_t drought_bytes = 1024;

std::string request_of(Tag tag) {
  return "*2\r\n$4\r\nECHO\r\n$1\r\n" + std::to_string(tag) + "\r\n";
}

struct Outcomes {
  std::uint64_t completed = 0;
  std::uint64_t waited = 0;
  std::uint64_t waited_for_memory = 0;
  std::uint64_t gave_up_waiting = 0;
  std::uint64_t refused = 0;
};

class AdmissionWorld {
 public:
  enum class Move : std::uint8_t { ask, write, answer, cancel, wait, dry_up, rain, lose, close };

  AdmissionWorld(Choices& choices, Outcomes& outcomes) : choices_(choices), outcomes_(outcomes) {
    client_.emplace(options(), std::move(Client::open_accounts(budget_)).value());
    client_->connect(now_);
    settle();
    open();
  }

  std::size_t moves_count() {
    possible_.clear();
    const auto add = [&](Move move, bool possible) {
      if (possible) possible_.push_back(move);
    };
    add(Move::ask, asked_ < requests_count);
    add(Move::write, open_ && (client_->unsent_connections() & 1) == 1);
    add(Move::answer, open_ && !heard_.empty());
    add(Move::cancel, !pending().empty());
    add(Move::wait, !waited_);
    add(Move::dry_up, !dried_up_);
    add(Move::rain, hog_.bytes() > 0);
    add(Move::lose, open_ && !lost_);
    add(Move::close, !closing_);
    return possible_.size();
  }

  void make(std::size_t index) {
    switch (possible_[index]) {
      case Move::ask: return ask();
      case Move::write: return write();
      case Move::answer: return answer();
      case Move::cancel: return cancel();
      case Move::wait: waited_ = true; return wait(timeout);
      case Move::dry_up: return dry_up();
      case Move::rain: return rain();
      case Move::lose: return lose();
      case Move::close:
        story_.add("close");
        closing_ = true;
        client_->close(now_);
        return settle();
    }
  }

  void finish() {
    rain();
    for (int steps = 0; !pending().empty() && steps < 100; ++steps) {
      if (!open_ && !over_) {
        connect_again();
      } else if (open_ && (client_->unsent_connections() & 1) == 1) {
        write();
      } else if (open_ && !heard_.empty()) {
        answer();
      } else {
        wait(milliseconds(20));
      }
    }
    story_.require(pending().empty(), "every request ends");
    story_.require(client_->statistics().waiting == 0, "nobody waits in the end");
  }

 private:
  struct Request {
    enum class State : std::uint8_t { unasked, waiting, submitted, ended };
    State state = State::unasked;
    RequestId id = 0;
    Instant deadline = never;
    std::string bytes;
    bool never_sent = false;
  };

  static ClientOptions options() {
    ClientOptions options;
    options.inflight_requests_limit = 1;
    options.inflight_overflow = OnLimit::wait;
    options.waiters_max = waiters_max;
    options.health_check_interval = Duration::zero();
    return options;
  }
  static BudgetOptions budget_options() {
    BudgetOptions options;
    options.memory_limit = 1024 * 1024;
    options.borrowing = false;
    return options;
  }

  std::vector<Tag> pending() const {
    std::vector<Tag> tags;
    for (Tag tag = 1; tag <= asked_; ++tag) {
      if (requests_[tag].state != Request::State::ended) tags.push_back(tag);
    }
    return tags;
  }

  void open() {
    open_ = true;
    wanted_ = false;
    client_->handle_opened(first_connection, now_);
    settle();
    std::array<std::string_view, 8> spans;
    const std::size_t count = client_->poll_transmit(first_connection, spans);
    story_.require(count == 1, "a handshake is one span");
    client_->handle_written(first_connection, spans[0].size());
    read("%1\r\n+proto\r\n:3\r\n+OK\r\n+OK\r\n+PONG\r\n");
  }

  void connect_again() {
    while (!wanted_ && !over_) {
      now_ = std::max(now_, client_->poll_timeout());
      client_->handle_timeout(now_);
      settle();
    }
    if (wanted_) open();
  }

  // Every other one has a deadline.
  void ask() {
    const Tag tag = ++asked_;
    Request& request = requests_[tag];
    request.bytes = request_of(tag);
    const Duration time = tag % 2 == 0 ? timeout : Duration::zero();
    if (time > Duration::zero()) request.deadline = now_ + time;
    story_.add("ask", tag);
    const CommandView command = CommandView::from_encoded(request.bytes);
    Result<RequestId> id = client_->submit(command, now_, time, tag);
    if (id) {
      story_.require(line_.empty(), "nobody overtakes those who wait");
      request.state = Request::State::submitted;
    } else if (id.error().code == ErrorCode::rejected_by_limit) {
      id = client_->wait_for_room(command, now_, time, tag);
      if (id) {
        request.state = Request::State::waiting;
        line_.push_back(tag);
        ++outcomes_.waited;
        if (client_->statistics().in_flight == 0) ++outcomes_.waited_for_memory;
      } else {
        story_.require(line_.size() == waiters_max, "the line takes as many as it may");
      }
    }
    if (id) {
      request.id = *id;
    } else {
      story_.require(closing_ || id.error().code == ErrorCode::rejected_by_limit,
                     "only who closes is closed");
      request.state = Request::State::ended;
      request.never_sent = true;
      ++outcomes_.refused;
    }
    settle();
  }

  void write() {
    std::array<std::string_view, 8> spans;
    const std::size_t count = client_->poll_transmit(first_connection, spans);
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i) bytes += spans[i];
    story_.add("write, in bytes,", bytes.size());
    for (std::size_t begin = 0; begin < bytes.size(); begin += request_of(1).size()) {
      hear(bytes.substr(begin, request_of(1).size()));
    }
    client_->handle_written(first_connection, bytes.size());
    settle();
  }

  void hear(const std::string& bytes) {
    const auto found = std::find_if(requests_.begin(), requests_.end(),
                                    [&](const Request& each) { return each.bytes == bytes; });
    story_.require(found != requests_.end(), "what is sent was asked for");
    story_.require(!found->never_sent, "what is said not to be sent never is");
    const auto tag = static_cast<Tag>(found - requests_.begin());
    story_.require(tag > last_heard_, "what is sent is sent in the order of asking, once");
    last_heard_ = tag;
    heard_.push_back(tag);
  }

  void answer() {
    story_.add("the server answers", heard_.front());
    const std::string reply = "+" + std::to_string(heard_.front()) + "\r\n";
    heard_.pop_front();
    read(reply);
  }

  void read(const std::string& bytes) {
    const std::span<char> room = client_->read_space(first_connection);
    std::memcpy(room.data(), bytes.data(), bytes.size());
    client_->handle_read(first_connection, bytes.size(), now_);
    settle();
  }

  void cancel() {
    const std::vector<Tag> tags = pending();
    const Tag tag = tags[choices_.choose(tags.size())];
    story_.add("cancel", tag);
    client_->cancel(requests_[tag].id, now_);
    settle();
    story_.require(requests_[tag].state == Request::State::ended, "who is cancelled ends");
  }

  void wait(Duration time) {
    story_.add("wait, in milliseconds,", static_cast<std::uint64_t>(time / milliseconds(1)));
    now_ += time;
    client_->handle_timeout(now_);
    settle();
    story_.require(client_->poll_timeout() > now_, "a timer that was served is not due");
    for (const Tag tag : pending()) {
      story_.require(requests_[tag].deadline > now_, "whose time is over has ended");
    }
  }

  void dry_up() {
    story_.add("memory runs out");
    dried_up_ = true;
    for (std::size_t step = 256 * 1024; step > 0; step /= 2) {
      while (hog_.grow(step)) {
      }
    }
    hog_.shrink(drought_bytes);
  }

  void rain() {
    story_.add("there is memory");
    hog_.shrink(hog_.bytes());
    wait(milliseconds(20));
  }

  void lose() {
    story_.add("lose the connection");
    lost_ = true;
    open_ = false;
    heard_.clear();
    client_->handle_closed(first_connection, {.code = ErrorCode::connection_lost}, now_);
    settle();
  }

  void settle() {
    const auto act = [this](const Action& action) {
      wanted_ = action.kind == Action::Kind::open;
      if (action.kind == Action::Kind::close) open_ = false;
    };
    drain(*client_, [this](const Event& event) { note(event); }, act);
    budget_.validate();
    check();
  }

  void note(const Event& event) {
    switch (event.kind) {
      case Event::Kind::admitted: return admit(event.tag);
      case Event::Kind::completed:
      case Event::Kind::failed: return end(event);
      case Event::Kind::closed: over_ = true; return;
      case Event::Kind::ready:
      case Event::Kind::disconnected: return;
      case Event::Kind::pushed:
      case Event::Kind::queueing_failed:
      case Event::Kind::credentials_refused: story_.fail("nothing leads to such an event");
    }
  }

  // Once, its caller wants it no more just then.
  void admit(Tag tag) {
    story_.add("(admitted)", tag);
    story_.require(!line_.empty() && line_.front() == tag, "the first waiter is admitted first");
    Request& request = requests_[tag];
    if (!regretted_ && choices_.choose(2) == 1) {
      story_.add("regret", tag);
      regretted_ = true;
      return client_->cancel(request.id, now_);
    }
    line_.pop_front();
    request.state = Request::State::submitted;
    request.id = client_->submit_admitted(CommandView::from_encoded(request.bytes), tag);
  }

  void end(const Event& event) {
    Request& request = requests_[event.tag];
    const bool completed = event.kind == Event::Kind::completed;
    story_.add(completed ? "(completed)" : name(event.error->code).data(), event.tag);
    const bool waited = request.state == Request::State::waiting;
    story_.require(waited || request.state == Request::State::submitted,
                   "a request has one outcome");
    request.state = Request::State::ended;
    if (completed) {
      ++outcomes_.completed;
      story_.require(!waited, "who waits for room is not answered");
      return;
    }
    if (event.error->executed == Executed::no) request.never_sent = true;
    if (!waited) return;
    ++outcomes_.gave_up_waiting;
    story_.require(event.error->executed == Executed::no, "who waits for room has not run");
    line_.erase(std::find(line_.begin(), line_.end(), event.tag));
  }

  void check() {
    const ClientStatistics statistics = client_->statistics();
    story_.require(statistics.in_flight <= 1, "there are no more requests than may be");
    story_.require(statistics.waiting == line_.size(), "the line is as long as it is said to be");
    const bool free = statistics.in_flight == 0 && hog_.bytes() == 0 && !closing_;
    const bool may_be_asleep = client_->poll_timeout() <= now_ + milliseconds(20);
    story_.require(!free || line_.empty() || may_be_asleep,
                   "nobody waits while there is room, or not for long");
  }

  Choices& choices_;
  Outcomes& outcomes_;
  Story story_;
  HeapMemory memory_;
  Budget budget_{budget_options(), memory_};
  std::optional<Client> client_;
  AccountHandle hogs_account_ = budget_.open_account(PoolKind::requests);
  Charge hog_{*hogs_account_};
  Instant now_{};
  std::array<Request, requests_count + 1> requests_;
  std::deque<Tag> line_;
  std::deque<Tag> heard_;  // and not answered
  std::vector<Move> possible_;
  Tag asked_ = 0;
  Tag last_heard_ = 0;
  bool open_ = false;
  bool wanted_ = false;
  bool waited_ = false;
  bool regretted_ = false;
  bool dried_up_ = false;
  bool lost_ = false;
  bool closing_ = false;
  bool over_ = false;
};

TEST_CASE("whoever waits for room is served in turn, or told why not, whatever happens") {
  Outcomes outcomes;
  const std::uint64_t worlds =
      enumerate(9, [&](Choices& choices) { return AdmissionWorld(choices, outcomes); });
  INFO(worlds << " worlds");
  CHECK(worlds > 100'000);
  CHECK(outcomes.completed > 0);
  CHECK(outcomes.waited > 0);
  CHECK(outcomes.waited_for_memory > 0);
  CHECK(outcomes.gave_up_waiting > 0);
  CHECK(outcomes.refused > 0);
}

}  // namespace
}  // namespace plimsoll::exhaustive::admission_test
