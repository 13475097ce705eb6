#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/client.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/heap_memory.h"
#include "plimsoll/tests/exhaustive/drain.h"
#include "plimsoll/tests/exhaustive/enumerate.h"
#include "plimsoll/tests/exhaustive/story.h"

// One transaction on a connection that is lost once, with any part of it written, heard and
// answered: it runs once or not at all, and that is what is said of it.

namespace plimsoll::exhaustive::transaction_test {
namespace {

const std::array<std::string, 4> commands = {
    "*1\r\n$5\r\nMULTI\r\n", "*2\r\n$4\r\nINCR\r\n$1\r\na\r\n", "*2\r\n$4\r\nINCR\r\n$1\r\nb\r\n",
    "*1\r\n$4\r\nEXEC\r\n"};
const std::array<std::string, 4> answers = {"+OK\r\n", "+QUEUED\r\n", "+QUEUED\r\n",
                                            "*2\r\n:1\r\n:1\r\n"};

struct Outcomes {
  std::uint64_t completed = 0;
  std::uint64_t doubtful = 0;
  std::uint64_t never = 0;
};

class TransactionWorld {
 public:
  enum class Move : std::uint8_t { write, hear, read, cancel, lose };

  explicit TransactionWorld(Choices& choices, Outcomes& outcomes)
      : choices_(choices), outcomes_(outcomes) {
    client_.emplace(ClientOptions{}, std::move(Client::open_accounts(budget_)).value());
    client_->connect(now_);
    settle();
    open();
    for (const std::string& each : commands) request_ += each;
    CommandView command = CommandView::from_encoded(request_);
    command.answers = commands.size();
    id_ = client_->submit(command, now_, Duration::zero(), 1).value();
    settle();
  }

  std::size_t moves_count() {
    possible_.clear();
    const auto add = [&](Move move, bool possible) {
      if (possible) possible_.push_back(move);
    };
    add(Move::write, open_ && (client_->unsent_connections() & 1) == 1);
    add(Move::hear, open_ && !on_the_way_.empty());
    add(Move::read, open_ && !said_.empty());
    add(Move::cancel, !cancelled_);
    add(Move::lose, open_ && !lost_);
    return possible_.size();
  }

  void make(std::size_t index) {
    switch (possible_[index]) {
      case Move::write: return write(Amount::some);
      case Move::hear: return hear();
      case Move::read: return read(Amount::some);
      case Move::cancel:
        story_.add("cancel");
        cancelled_ = true;
        client_->cancel(id_, now_);
        return settle();
      case Move::lose: return lose();
    }
  }

  void finish() {
    for (int steps = 0; !ended_ && steps < 100; ++steps) {
      if (!open_) {
        connect_again();
      } else if ((client_->unsent_connections() & 1) == 1) {
        write(Amount::all);
      } else if (!on_the_way_.empty()) {
        hear();
      } else {
        story_.require(!said_.empty(), "a transaction ends");
        read(Amount::all);
      }
    }
    story_.require(ended_, "a transaction ends");
    hear();
    check();
  }

 private:
  enum class Amount : std::uint8_t { some, all };

  // Around the ends of commands is where it matters.
  std::size_t choose_amount(Amount amount, std::size_t begin, std::size_t size,
                            const std::array<std::string, 4>& parts) {
    if (amount == Amount::all) return size;
    std::vector<std::size_t> amounts;
    std::size_t end = 0;
    for (const std::string& part : parts) {
      end += part.size();
      for (const std::size_t place : {end - 1, end, end + 1}) {
        const bool further = amounts.empty() || place - begin > amounts.back();
        if (place > begin && place - begin <= size && further) amounts.push_back(place - begin);
      }
    }
    if (amounts.empty()) return size;
    return amounts[choices_.choose(amounts.size())];
  }

  void open() {
    open_ = true;
    wanted_ = false;
    written_ = read_ = heard_ = 0;
    on_the_way_.clear();
    client_->handle_opened(first_connection, now_);
    settle();
    std::array<std::string_view, 8> spans;
    const std::size_t count = client_->poll_transmit(first_connection, spans);
    story_.require(count == 1, "a handshake is one span");
    client_->handle_written(first_connection, spans[0].size());
    said_ = "%1\r\n+proto\r\n:3\r\n+OK\r\n+OK\r\n+PONG\r\n";
    read(Amount::all);
    read_ = 0;
  }

  void connect_again() {
    while (!wanted_) {
      now_ = std::max(now_, client_->poll_timeout());
      client_->handle_timeout(now_);
      settle();
    }
    wanted_ = false;
    open();
  }

  void write(Amount amount) {
    std::array<std::string_view, 8> spans;
    const std::size_t count = client_->poll_transmit(first_connection, spans);
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i) bytes += spans[i];
    story_.require(bytes == request_.substr(written_), "a transaction is sent from where it was");
    const std::size_t taken = choose_amount(amount, written_, bytes.size(), commands);
    story_.add("write, in bytes,", taken);
    on_the_way_ += bytes.substr(0, taken);
    written_ += taken;
    client_->handle_written(first_connection, taken);
    settle();
  }

  // Whole commands only.
  void hear() {
    story_.add("the server hears");
    heard_bytes_ = heard_ == 0 ? on_the_way_ : heard_bytes_ + on_the_way_;
    on_the_way_.clear();
    std::size_t end = 0;
    for (std::size_t i = 0; i < commands.size(); ++i) {
      end += commands[i].size();
      if (i < heard_ || end > heard_bytes_.size()) continue;
      heard_ = i + 1;
      said_ += answers[i];
      if (i + 1 == commands.size()) ++runs_;
    }
    if (heard_ == 0) heard_ = 0, on_the_way_ = std::exchange(heard_bytes_, {});
  }

  void read(Amount amount) {
    const std::size_t size = choose_amount(amount, read_, said_.size(), answers);
    story_.add("read, in bytes,", size);
    const std::span<char> room = client_->read_space(first_connection);
    std::memcpy(room.data(), said_.data(), size);
    said_.erase(0, size);
    read_ += size;
    client_->handle_read(first_connection, size, now_);
    settle();
  }

  void lose() {
    story_.add("lose the connection");
    lost_ = true;
    open_ = false;
    // What was on its way may arrive all the same.
    if (choices_.choose(2) == 0) hear();
    said_.clear();
    on_the_way_.clear();
    client_->handle_closed(first_connection, {.code = ErrorCode::connection_lost}, now_);
    settle();
  }

  void settle() {
    const auto act = [this](const Action& action) { wanted_ = action.kind == Action::Kind::open; };
    drain(*client_, [this](const Event& event) { note(event); }, act);
    check();
  }

  void note(const Event& event) {
    const bool completed = event.kind == Event::Kind::completed;
    story_.require(event.kind != Event::Kind::disconnected || lost_,
                   "a server that keeps the protocol is kept");
    if (!completed && event.kind != Event::Kind::failed) return;
    story_.require(!ended_, "a transaction has one outcome");
    ended_ = true;
    story_.add(completed ? "(completed)" : name(event.error->code).data());
    if (completed) {
      story_.require(runs_ == 1, "what has completed has run");
      ++outcomes_.completed;
    } else if (event.error->executed == Executed::no) {
      never_ = true;
      ++outcomes_.never;
    } else {
      ++outcomes_.doubtful;
    }
  }

  void check() {
    story_.require(runs_ <= 1, "a transaction runs once at most");
    story_.require(!never_ || runs_ == 0, "what is said not to have run never runs");
  }

  Choices& choices_;
  Outcomes& outcomes_;
  Story story_;
  HeapMemory memory_;
  Budget budget_{BudgetOptions{}, memory_};
  std::optional<Client> client_;
  std::string request_;
  RequestId id_ = 0;
  Instant now_{};
  std::vector<Move> possible_;
  std::string on_the_way_;
  std::string heard_bytes_;  // on this connection, once a command was whole
  std::string said_;
  std::size_t written_ = 0;
  std::size_t read_ = 0;   // of the answers
  std::size_t heard_ = 0;  // commands
  bool open_ = false;
  bool wanted_ = false;
  bool lost_ = false;
  bool cancelled_ = false;
  bool ended_ = false;
  bool never_ = false;
  int runs_ = 0;
};

TEST_CASE("a transaction runs once or not at all, wherever its connection is lost") {
  Outcomes outcomes;
  const std::uint64_t worlds =
      enumerate(6, [&](Choices& choices) { return TransactionWorld(choices, outcomes); });
  INFO(worlds << " worlds");
  CHECK(worlds > 150'000);
  CHECK(outcomes.completed > 0);
  CHECK(outcomes.doubtful > 0);
  CHECK(outcomes.never > 0);
}

}  // namespace
}  // namespace plimsoll::exhaustive::transaction_test
