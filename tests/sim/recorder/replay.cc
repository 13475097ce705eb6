#include "plimsoll/tests/sim/recorder/replay.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "plimsoll/core/client/client.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/heap_memory.h"

namespace plimsoll::sim {
namespace {

constexpr std::string_view hello = "%1\r\n$5\r\nproto\r\n:3\r\n+OK\r\n+OK\r\n";

// In place of texts of which only the size is known.
const std::string hidden_text(4096, 'x');

// As many prefixes as were recorded, as long as they were: no two of them begin alike.
std::vector<std::string> prefixes_of(const Recording& recording) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz012345";
  static_assert(letters.size() == tracking_prefixes_max);
  std::vector<std::string> prefixes;
  for (char letter : letters) {
    const auto size = recording.options.find("prefix_size_" + std::to_string(prefixes.size()));
    if (size == recording.options.end()) break;
    prefixes.emplace_back(std::min<std::uint64_t>(size->second, hidden_text.size()), letter);
  }
  return prefixes;
}

ClientOptions options_of(const Recording& recording, std::span<const std::string_view> prefixes) {
  ClientOptions options;
  const auto find = [&](const char* key, std::uint64_t otherwise) {
    const auto found = recording.options.find(key);
    return found == recording.options.end() ? otherwise : found->second;
  };
  const auto time = [&](const char* key, Duration& field) {
    field =
        Duration(static_cast<Duration::rep>(find(key, static_cast<std::uint64_t>(field.count()))));
  };
  const auto text = [&](const char* key) {
    return std::string_view(hidden_text).substr(0, static_cast<std::size_t>(find(key, 0)));
  };
  options.username = text("username_size");
  options.password = text("password_size");
  options.client_name = text("client_name_size");
  time("connect_timeout", options.connect_timeout);
  time("close_timeout", options.close_timeout);
  time("reconnect_wait_min", options.reconnect_wait_min);
  time("reconnect_wait_max", options.reconnect_wait_max);
  time("health_check_interval", options.health_check_interval);
  time("tombstone_age_max", options.tombstone_age_max);
  options.inflight_requests_limit =
      static_cast<std::size_t>(find("inflight_requests_limit", options.inflight_requests_limit));
  options.waiters_max = static_cast<std::size_t>(find("waiters_max", options.waiters_max));
  if (find("inflight_overflow", 0) == 1) options.inflight_overflow = OnLimit::wait;
  options.reconnect_attempts_max =
      static_cast<std::uint32_t>(find("reconnect_attempts_max", options.reconnect_attempts_max));
  options.read_resends_max = static_cast<std::uint8_t>(find("read_resends_max", 0));
  options.tracking.method =
      static_cast<TrackingOptions::Method>(std::min<std::uint64_t>(find("tracking_method", 0), 3));
  options.tracking.required = find("tracking_required", 0) == 1;
  time("tracking_silence_max", options.tracking.silence_max);
  options.tracking.prefixes = prefixes;
  options.seeds_count =
      static_cast<std::uint8_t>(std::clamp<std::uint64_t>(find("seeds_count", 1), 1, seeds_max));
  options.primary_only = find("primary_only", 0) == 1;
  options.random_seed = find("random_seed", 0);
  options.reply_bytes_max =
      static_cast<std::size_t>(find("reply_bytes_max", options.reply_bytes_max));
  options.database = static_cast<std::uint32_t>(find("database", 0));
  return options;
}

std::string show_event(std::uint64_t kind, std::uint64_t tag, std::uint64_t code) {
  constexpr std::array<const char*, 9> names = {
      "ready",           "completed",           "failed",  "pushed", "disconnected", "closed",
      "queueing failed", "credentials refused", "admitted"};
  std::string text = kind < names.size() ? names[kind] : "unknown";
  if (kind == 1 || kind == 2 || kind == 8) text += " #" + std::to_string(tag);
  if (code > 0 && code <= error_codes_count) {
    text += " with " + std::string(name(static_cast<ErrorCode>(code - 1)));
  }
  return text;
}

class Player {
 public:
  Player(const Recording& recording, const std::function<void(const std::string&)>& show)
      : recording_(recording),
        show_(show),
        prefix_texts_(prefixes_of(recording)),
        prefixes_(prefix_texts_.begin(), prefix_texts_.end()),
        options_(options_of(recording, prefixes_)) {}

  Replay play() {
    if (const Status valid = validate(options_); !valid) {
      show_(std::string("the options of the recording make no sense: ") + valid.error().what);
      ++result_.differences;
      return result_;
    }
    if (leaves_main_connection()) {
      show_(
          "a command that blocks was submitted: it went to a connection of its own, of which "
          "nothing is recorded, so what followed cannot be replayed");
      ++result_.differences;
      return result_;
    }
    for (const Record& record : recording_.records) {
      if (record.kind == FlightRecord::gap) client_.reset();
      if (!client_ && !begins_at(record)) {
        ++result_.skipped;
        continue;
      }
      step(record);
      ++result_.steps;
    }
    return result_;
  }

 private:
  // The ids of requests on other connections have the connection's number in front.
  bool leaves_main_connection() const {
    return std::any_of(recording_.records.begin(), recording_.records.end(), [](const auto& each) {
      return each.kind == FlightRecord::submitted && SideConnections::is_side_id(each.numbers[0]) &&
             !Admission::is_waiter_id(each.numbers[0]);
    });
  }

  // Makes a client where `record` is a place to start from.
  bool begins_at(const Record& record) {
    if (record.kind != FlightRecord::connect && record.kind != FlightRecord::rest) return false;
    Result<Client::Accounts> accounts = Client::open_accounts(budget_);
    ClientOptions options = options_;
    if (record.kind == FlightRecord::rest) options.random_seed += record.numbers[1];
    client_.emplace(options, std::move(accounts).value());
    ids_.clear();
    waiters_.clear();
    admitted_.reset();
    room_ = {};
    if (record.kind == FlightRecord::rest) make_up_a_connection(record);
    return true;
  }

  void make_up_a_connection(const Record& record) {
    const Instant heard = at(record) - Duration(static_cast<Duration::rep>(record.numbers[0]));
    // It has lasted.
    const Instant then = heard - options_.reconnect_wait_min;
    client_->connect(then);
    client_->poll_action();
    client_->handle_opened(first_connection, then);
    std::array<std::string_view, 1> spans;
    client_->poll_transmit(first_connection, spans);
    client_->handle_written(first_connection, spans[0].size());
    std::string replies(hello);
    if (options_.database != 0) replies += "+OK\r\n";
    if (options_.tracking.method != TrackingOptions::Method::off) replies += "+OK\r\n";
    make_up_a_read(replies + "+PONG\r\n", then);
    make_up_a_read(">1\r\n+a sign of life\r\n", heard);
  }

  void make_up_a_read(const std::string& bytes, Instant now) {
    const std::span<char> room = client_->read_space(first_connection);
    std::memcpy(room.data(), bytes.data(), bytes.size());
    client_->handle_read(first_connection, bytes.size(), now);
    while (client_->poll_event()) {
    }
  }

  Instant at(const Record& record) const {
    return Instant(Duration(static_cast<Duration::rep>(record.time)));
  }

  void say(const Record& record, const std::string& text) {
    if (!first_time_) first_time_ = record.time;
    std::array<char, 32> time;
    std::snprintf(time.data(), time.size(), "%12.3f ms  ",
                  static_cast<double>(record.time - *first_time_) / 1e6);
    show_(time.data() + text);
  }

  void differ(const std::string& text) {
    ++result_.differences;
    show_("                 ! " + text);
  }

  void expect(const Record& record, const std::string& recorded, const std::string& replayed) {
    say(record, "  -> " + recorded);
    if (recorded != replayed) differ("but now: " + replayed);
  }

  void step(const Record& record);
  CommandView command_of(const Record& record, std::size_t first);
  void submit(const Record& record);
  void wait(const Record& record);
  void submit_admitted(const Record& record);
  void settle_admission(const Record& record);
  void read(const Record& record);
  void take_action(const Record& record);

  const Recording& recording_;
  const std::function<void(const std::string&)>& show_;
  const std::vector<std::string> prefix_texts_;
  const std::vector<std::string_view> prefixes_;
  const ClientOptions options_;
  HeapMemory memory_;
  // Memory is not what is replayed: there is enough of it.
  Budget budget_{{.memory_limit = std::size_t{1} << 32}, memory_};
  std::optional<Client> client_;
  std::optional<Result<RequestId>> submitted_;
  std::map<std::uint64_t, RequestId> ids_;  // as recorded, and now
  struct Waiter {
    RequestId id;
    std::uint64_t bytes;
  };
  std::map<Tag, Waiter> waiters_;
  std::optional<Tag> admitted_;  // who is to submit next
  std::string request_;
  std::span<char> room_;
  std::optional<std::uint64_t> first_time_;
  Replay result_;
};

// Its tag is the first number: whether it is a read and its size follow.
CommandView Player::command_of(const Record& record, std::size_t first) {
  const std::uint64_t* const number = record.numbers.data() + first;
  request_.assign(static_cast<std::size_t>(std::max<std::uint64_t>(number[2], 1)), 'x');
  CommandView command = CommandView::from_encoded(request_);
  if (number[1] == 1) command.effect = CommandView::Effect::read;
  say(record, std::string(name(record.kind)) + " #" + std::to_string(number[0]) + " " +
                  record.text + ", " + std::to_string(request_.size()) + " bytes");
  return command;
}

void Player::submit(const Record& record) {
  const Duration timeout(static_cast<Duration::rep>(record.numbers[0]));
  submitted_ = client_->submit(command_of(record, 1), at(record), timeout, record.numbers[1]);
}

void Player::wait(const Record& record) {
  const Duration timeout(static_cast<Duration::rep>(record.numbers[0]));
  const Tag tag = record.numbers[1];
  const std::uint64_t bytes = record.numbers[2];
  say(record, "wait for room #" + std::to_string(tag) + ", " + std::to_string(bytes) + " bytes");
  // Of what waits its length is known, and more of it matters to a cache alone.
  request_.assign(static_cast<std::size_t>(bytes), 'x');
  submitted_ =
      client_->wait_for_room(CommandView::from_encoded(request_), at(record), timeout, tag);
  if (*submitted_) waiters_[tag] = {.id = **submitted_, .bytes = bytes};
}

void Player::submit_admitted(const Record& record) {
  const CommandView command = command_of(record, 0);
  const Tag tag = record.numbers[0];
  submitted_.reset();
  if (admitted_ != tag || waiters_[tag].bytes != request_.size()) {
    return differ("but now it is not admitted");
  }
  admitted_.reset();
  submitted_ = client_->submit_admitted(command, tag);
}

// Whoever is admitted now submits next, or gives up.
void Player::settle_admission(const Record& record) {
  const bool settles =
      record.kind == FlightRecord::submit_admitted || record.kind == FlightRecord::cancel;
  if (!admitted_ || settles) return;
  differ("and now it does not submit");
  client_->cancel(waiters_[*std::exchange(admitted_, std::nullopt)].id, at(record));
}

void Player::read(const Record& record) {
  std::string shown = record.text.substr(0, 60);
  std::erase(shown, '\r');
  std::replace(shown.begin(), shown.end(), '\n', ' ');
  say(record, "read " + std::to_string(record.text.size()) + " bytes: " + shown);
  std::string_view rest = record.text;
  do {
    if (room_.empty()) room_ = client_->read_space(first_connection);
    const std::size_t part = std::min(room_.size(), rest.size());
    if (part < rest.size() && part == 0) return differ("there is no room for them");
    if (part > 0) std::memcpy(room_.data(), rest.data(), part);
    if (!room_.empty()) client_->handle_read(first_connection, part, at(record));
    room_ = {};
    rest.remove_prefix(part);
  } while (!rest.empty());
}

void Player::take_action(const Record& record) {
  constexpr std::array<const char*, 3> names = {"nothing to do", "open a connection",
                                                "close the connection"};
  const std::optional<Action> action = client_->poll_action();
  const std::size_t now = !action ? 0 : action->kind == Action::Kind::open ? 1 : 2;
  const auto recorded = static_cast<std::size_t>(std::min<std::uint64_t>(record.numbers[0], 2));
  if (recorded + now > 0) expect(record, names[recorded], names[now]);
  if (recorded == 1 && now == 1) {
    expect(record, "address " + std::to_string(record.numbers[1]),
           "address " + std::to_string(static_cast<std::uint64_t>(action->seed)));
  }
}

void Player::step(const Record& record) {
  Client& client = *client_;
  settle_admission(record);
  const Instant now = at(record);
  const auto number = [&](std::size_t i) { return record.numbers[i]; };
  switch (record.kind) {
    case FlightRecord::gap: return;
    case FlightRecord::rest: return;
    case FlightRecord::connect: say(record, "connect"); return client.connect(now);
    case FlightRecord::submit: return submit(record);
    case FlightRecord::wait: return wait(record);
    case FlightRecord::submit_admitted: return submit_admitted(record);
    case FlightRecord::submitted: {
      if (!submitted_) return;
      if (*submitted_) ids_[number(0)] = **submitted_;
      if (!*submitted_) differ("refused with " + std::string(name(submitted_->error().code)));
      return;
    }
    case FlightRecord::refused: {
      if (!submitted_) return;
      const std::string recorded = number(0) < error_codes_count
                                       ? std::string(name(static_cast<ErrorCode>(number(0))))
                                       : "?";
      expect(
          record, "refused with " + recorded,
          *submitted_ ? "accepted" : "refused with " + std::string(name(submitted_->error().code)));
      return;
    }
    case FlightRecord::cancel:
      say(record, "cancel request " + std::to_string(number(0)));
      if (ids_.contains(number(0))) client.cancel(ids_[number(0)], now);
      if (admitted_ && waiters_[*admitted_].id == ids_[number(0)]) admitted_.reset();
      return;
    case FlightRecord::close: say(record, "close"); return client.close(now);
    case FlightRecord::abort: say(record, "abort"); return client.abort();
    case FlightRecord::opened:
      say(record, "the connection is open");
      return client.handle_opened(first_connection, now);
    case FlightRecord::closed: {
      const auto code = static_cast<ErrorCode>(
          std::min<std::uint64_t>(number(0), static_cast<std::uint64_t>(error_codes_count - 1)));
      say(record, "the connection ended: " + std::string(name(code)));
      return client.handle_closed(first_connection, {.code = code, .what = "as recorded"}, now);
    }
    case FlightRecord::read_space:
      room_ = client.read_space(first_connection);
      if (number(0) == 0) say(record, "  no memory to read to");
      return;
    case FlightRecord::read: return read(record);
    case FlightRecord::transmit: {
      std::vector<std::string_view> spans(std::clamp<std::size_t>(number(0), 1, 1024));
      const std::size_t count = client.poll_transmit(first_connection, spans);
      std::size_t bytes = 0;
      for (std::size_t i = 0; i < count; ++i) bytes += spans[i].size();
      if (number(1) + bytes > 0) {
        expect(record, "send " + std::to_string(number(1)) + " bytes",
               "send " + std::to_string(bytes) + " bytes");
      }
      return;
    }
    case FlightRecord::written:
      say(record, "sent " + std::to_string(number(0)) + " bytes");
      return client.handle_written(first_connection, static_cast<std::size_t>(number(0)));
    case FlightRecord::timeout: return client.handle_timeout(now);
    case FlightRecord::poll_timeout: client.poll_timeout(); return;
    case FlightRecord::action: return take_action(record);
    case FlightRecord::event:
    case FlightRecord::no_event: {
      const std::optional<Event> event = client.poll_event();
      const bool had = record.kind == FlightRecord::event;
      if (!had && !event) return;
      if (event && event->kind == Event::Kind::admitted) admitted_ = event->tag;
      const std::uint64_t code =
          event && event->error != nullptr ? static_cast<std::uint64_t>(event->error->code) + 1 : 0;
      const std::string replayed =
          event ? show_event(static_cast<std::uint64_t>(event->kind), event->tag, code) : "nothing";
      expect(record, had ? show_event(number(0), number(1), number(2)) : "nothing", replayed);
      return;
    }
  }
}

}  // namespace

Replay replay(const Recording& recording, const std::function<void(const std::string&)>& show) {
  return Player(recording, show).play();
}

}  // namespace plimsoll::sim
