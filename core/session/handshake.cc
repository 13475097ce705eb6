#include "plimsoll/core/session/handshake.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/core/session/refusals.h"
#include "plimsoll/core/session/version.h"

namespace plimsoll::inline v0 {
namespace {

using Step = Handshake::Step;

constexpr std::uint16_t bit(Step step) {
  static_assert(static_cast<unsigned>(Step::done) < 16);
  return static_cast<std::uint16_t>(1u << static_cast<unsigned>(step));
}

// RESP2 has no pushes: with it, invalidations would have to go to a second connection.
bool wants_tracking(const SessionOptions& options) {
  return options.tracking.method != TrackingOptions::Method::off &&
         options.protocol == Protocol::resp3;
}

// Lists the commands of a handshake as words, which point into this object and into the options.
class Script {
 public:
  Script(const SessionOptions& options, Handshake::AskUser ask_user, ModeWanted mode_wanted)
      : options_(options),
        asks_user_(ask_user == Handshake::AskUser::yes),
        asks_mode_(mode_wanted != ModeWanted::any) {
    const auto end =
        std::to_chars(database_.data(), database_.data() + database_.size(), options.database).ptr;
    database_size_ = static_cast<std::size_t>(end - database_.data());
  }
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  /// Calls `visit(Step, words)` for each command.
  template <class Visit>
  void for_each_command(Visit&& visit) const {
    const auto say = [&visit](Step step, const auto&... words) {
      const std::array<std::string_view, sizeof...(words)> row{words...};
      visit(step, std::span<const std::string_view>(row));
    };
    says_hello() ? introduce_by_hello(visit) : introduce_in_resp2(say);
    if (asks_mode_ && !says_hello()) say(Step::mode, "HELLO", "2");
    say(Step::lib_name, "CLIENT", "SETINFO", "LIB-NAME", library_name);
    say(Step::lib_version, "CLIENT", "SETINFO", "LIB-VER", library_version);
    if (options_.no_evict) say(Step::no_evict, "CLIENT", "NO-EVICT", "ON");
    if (options_.no_touch) say(Step::no_touch, "CLIENT", "NO-TOUCH", "ON");
    if (options_.database != 0) {
      say(Step::select, "SELECT", std::string_view(database_.data(), database_size_));
    }
    if (asks_user_) say(Step::user, "ACL", "WHOAMI");
    if (wants_tracking(options_)) ask_for_tracking(visit);
    say(Step::ping, "PING");
  }

 private:
  std::string_view username() const {
    return options_.username.empty() ? std::string_view("default") : options_.username;
  }

  // With sentinels in RESP2, too, because only HELLO says whether the server is a primary.
  bool says_hello() const {
    return options_.protocol == Protocol::resp3 || options_.sentinel != nullptr;
  }

  template <class Visit>
  void introduce_by_hello(Visit&& visit) const {
    std::array<std::string_view, 7> hello{"HELLO",
                                          options_.protocol == Protocol::resp3 ? "3" : "2"};
    std::size_t count = 2;
    if (!options_.password.empty()) {
      hello[count++] = "AUTH";
      hello[count++] = username();
      hello[count++] = options_.password;
    }
    if (!options_.client_name.empty()) {
      hello[count++] = "SETNAME";
      hello[count++] = options_.client_name;
    }
    visit(Step::hello, std::span<const std::string_view>(hello).first(count));
  }

  template <class Visit>
  void ask_for_tracking(Visit&& visit) const {
    std::array<std::string_view, 4 + 2 * tracking_prefixes_max> words{"CLIENT", "TRACKING", "ON"};
    std::size_t count = 3;
    switch (options_.tracking.method) {
      case TrackingOptions::Method::off:
      case TrackingOptions::Method::all_reads: break;
      case TrackingOptions::Method::opt_in: words[count++] = "OPTIN"; break;
      case TrackingOptions::Method::broadcast: words[count++] = "BCAST"; break;
    }
    for (std::string_view prefix : options_.tracking.prefixes) {
      words[count++] = "PREFIX";
      words[count++] = prefix;
    }
    visit(Step::tracking, std::span<const std::string_view>(words).first(count));
  }

  template <class Say>
  void introduce_in_resp2(Say&& say) const {
    // Servers before Redis 6 have no users, and accept only AUTH with a password.
    if (!options_.password.empty() && options_.username.empty()) {
      say(Step::auth, "AUTH", options_.password);
    } else if (!options_.password.empty()) {
      say(Step::auth, "AUTH", options_.username, options_.password);
    }
    if (!options_.client_name.empty()) {
      say(Step::client_name, "CLIENT", "SETNAME", options_.client_name);
    }
    say(Step::client_id, "CLIENT", "ID");
  }

  const SessionOptions& options_;
  const bool asks_user_;
  const bool asks_mode_;
  std::array<char, 10> database_{};
  std::size_t database_size_ = 0;
};

bool is_text(const Value& value, std::string_view text) {
  const auto bytes = value.as_bytes();
  return bytes && *bytes == text;
}

ServerMode mode_of(const Value& said) {
  if (is_text(said, "standalone")) return ServerMode::standalone;
  if (is_text(said, "cluster")) return ServerMode::cluster;
  return is_text(said, "sentinel") ? ServerMode::sentinel : ServerMode::unknown;
}

CommandView view(std::span<const std::string_view> words) {
  CommandView command;
  command.args = words;
  return command;
}

}  // namespace

bool Handshake::start(Account& connections, const SessionOptions& options, AskUser ask_user,
                      ModeWanted mode_wanted) {
  const Script script(options, ask_user, mode_wanted);
  std::size_t size = 0;
  char* out = nullptr;
  steps_left_ = 0;
  // Counts the bytes first, and writes them the second time. One visitor for both: the code that
  // lists the commands is long, and exists once for each visitor.
  const auto visit = [&](Step step, std::span<const std::string_view> words) {
    if (out != nullptr) {
      out = encode(view(words), out);
      return;
    }
    size += encoded_size(view(words));
    steps_left_ = static_cast<std::uint16_t>(steps_left_ | bit(step));
  };
  script.for_each_command(visit);
  bytes_ = Block::allocate(connections, size);
  if (!bytes_) return false;
  out = static_cast<char*>(bytes_.data());
  script.for_each_command(visit);
  written_ = 0;
  client_id_ = 0;
  may_ping_ = true;
  is_replica_ = proves_by_ping_ = false;
  resume_seconds_ = 0;
  mode_ = ServerMode::unknown;
  mode_wanted_ = mode_wanted;
  primary_only_ = options.primary_only;
  wants_sentinel_ = options.peer == Peer::sentinel;
  wants_resp3_ = options.protocol == Protocol::resp3;
  const bool without_resp3 =
      options.tracking.method != TrackingOptions::Method::off && !wants_tracking(options);
  tracked_ = without_resp3 ? Tracked::without_resp3 : Tracked::off;
  tracking_required_ = options.tracking.required;
  advance();
  return true;
}

std::string_view Handshake::unsent() const {
  return std::string_view(static_cast<const char*>(bytes_.data()), bytes_.size()).substr(written_);
}

void Handshake::handle_written(std::size_t bytes) {
  PLIMSOLL_CHECK(bytes <= unsent().size());
  written_ += bytes;
}

void Handshake::advance() {
  const std::uint16_t left = static_cast<std::uint16_t>(steps_left_ | bit(Step::done));
  step_ = static_cast<Step>(std::countr_zero(left));
  steps_left_ = static_cast<std::uint16_t>(left & ~bit(step_));
}

Handshake::Verdict Handshake::refuse(const Value& reply) {
  const Result<BytesView> text = reply.as_error();
  if (!text) {
    error_ = &unknown_reply;
    return Verdict::odd;
  }
  if (const Refusal* refusal = find_refusal(*text)) {
    error_ = &refusal->error;
    return refusal->verdict;
  }
  switch (step_) {
    case Step::select: error_ = &database_refused; return Verdict::refused;
    case Step::no_evict: error_ = &no_evict_refused; return Verdict::refused;
    case Step::no_touch: error_ = &no_touch_refused; return Verdict::refused;
    case Step::hello:
    case Step::auth:
    case Step::client_name:
    case Step::client_id:
    case Step::mode:
    case Step::lib_name:
    case Step::lib_version:
    case Step::user:
    case Step::tracking:
    case Step::ping:
    case Step::done: break;
  }
  error_ = &unknown_refusal;
  return Verdict::odd;
}

// A client can work without tracking. So unless tracking is required, only a refusal that applies
// to all commands, such as -LOADING, ends the attempt.
Handshake::Verdict Handshake::handle_tracking_reply(const Value& reply) {
  if (reply.type() == Type::simple_string) {
    tracked_ = Tracked::yes;
    return go_on();
  }
  const Result<BytesView> text = reply.as_error();
  const Refusal* const refusal = text ? find_refusal(*text) : nullptr;
  if (!text || (refusal != nullptr && refusal->verdict == Verdict::retry)) return refuse(reply);
  // "ERR unknown subcommand", "ERR Unknown subcommand or wrong number of arguments" (Redis 6).
  if (starts_with(*text, "ERR unknown") || starts_with(*text, "ERR Unknown")) {
    tracked_ = Tracked::unknown;
  } else if (starts_with(*text, "NOPERM")) {
    tracked_ = Tracked::forbidden;
  } else {
    tracked_ = Tracked::refused;
  }
  if (!tracking_required_) return go_on();
  error_ = &error_of(tracked_);
  return Verdict::refused;
}

const Error& Handshake::error_of(Tracked tracked) {
  switch (tracked) {
    case Tracked::without_resp3: return tracking_without_resp3;
    case Tracked::unknown: return tracking_unknown;
    case Tracked::forbidden: return tracking_forbidden;
    case Tracked::refused: return tracking_refused;
    case Tracked::off:
    case Tracked::yes: break;
  }
  return not_refused;
}

Tracking Handshake::tracking() const {
  if (tracked_ == Tracked::off) return {};
  if (tracked_ == Tracked::yes) return {.state = Tracking::State::tracked};
  return {.state = Tracking::State::refused, .error = error_of(tracked_)};
}

// Reads the reply to HELLO. Returns whether the server speaks what it was asked for. Servers before
// Valkey 7.2 say "slave" in other places, and "replica" here.
bool Handshake::read_hello(const Value& reply) {
  bool agrees = false;
  const auto entries = reply.as_entries();
  if (!entries || (reply.type() == Type::map) != wants_resp3_) return false;
  for (const Entry& entry : *entries) {
    const auto key = entry.key.as_bytes();
    if (!key) continue;
    if (*key == "role") is_replica_ = is_text(entry.value, "replica");
    if (*key == "mode") mode_ = mode_of(entry.value);
    if (*key == "tracking-proof") proves_by_ping_ = is_text(entry.value, "ping");
    const auto number = entry.value.as_integer();
    if (!number) continue;
    if (*key == "proto") agrees = *number == (wants_resp3_ ? 3 : 2);
    if (*key == "id" && *number > 0) client_id_ = static_cast<std::uint64_t>(*number);
    if (*key == "tracking-resume" && *number > 0) {
      resume_seconds_ = static_cast<std::uint16_t>(std::min<std::int64_t>(*number, UINT16_MAX));
    }
  }
  return agrees;
}

// A node of a cluster may be a replica, whatever primary_only says: it knows where the primaries
// are.
Handshake::Verdict Handshake::judge_mode() {
  const bool is_sentinel = mode_ == ServerMode::sentinel;
  const bool is_node = mode_ == ServerMode::cluster;
  if (is_sentinel != wants_sentinel_) {
    error_ = is_sentinel ? &is_a_sentinel : &is_no_sentinel;
    return Verdict::refused;
  }
  if (is_node && mode_wanted_ == ModeWanted::standalone) {
    error_ = &is_node_now;
    return Verdict::refused;
  }
  if (mode_ == ServerMode::standalone && mode_wanted_ == ModeWanted::cluster) {
    error_ = &is_no_node_now;
    return Verdict::retry;
  }
  const bool may_be_replica = !primary_only_ || (is_node && mode_wanted_ != ModeWanted::any);
  if (!is_replica_ || may_be_replica || step_ != Step::hello) return go_on();
  error_ = &not_a_primary;
  return Verdict::retry;
}

Handshake::Verdict Handshake::handle_reply(const Value& reply) {
  switch (step_) {
    case Step::hello:
      if (!read_hello(reply)) return refuse(reply);
      return judge_mode();
    case Step::client_id:
      if (const auto id = reply.as_integer(); id && *id > 0) {
        client_id_ = static_cast<std::uint64_t>(*id);
      }
      break;
    case Step::mode:
      // A server before Redis 6, and some proxies, do not know HELLO, and an ACL may forbid it.
      return read_hello(reply) ? judge_mode() : go_on();
    case Step::client_name:
    case Step::lib_name:
    case Step::lib_version:
    case Step::user:
      break;  // an error does not matter: servers before 7.2 lack SETINFO, and ACLs may forbid
              // these
    case Step::auth:
    case Step::no_evict:
    case Step::no_touch:
    case Step::select:
      if (reply.type() != Type::simple_string) return refuse(reply);
      break;
    case Step::tracking: return handle_tracking_reply(reply);
    case Step::ping:
      // A user who may not PING can still send requests. But the attempt has failed if the server
      // serves no client now (-LOADING...), or demands a password that the options do not have.
      if (const auto text = reply.as_error()) {
        const Refusal* const refusal = find_refusal(*text);
        const bool matters = refusal != nullptr &&
                             (refusal->verdict == Verdict::retry || starts_with(*text, "NOAUTH"));
        if (matters) return refuse(reply);
        may_ping_ = false;
      }
      break;
    case Step::done: PLIMSOLL_CHECK(false); break;
  }
  return go_on();
}

Handshake::Verdict Handshake::go_on() {
  advance();
  return step_ == Step::done ? Verdict::done : Verdict::go_on;
}

}  // namespace plimsoll::inline v0
