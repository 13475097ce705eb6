#include "plimsoll/core/session/handshake.h"

#include <array>
#include <charconv>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/core/session/version.h"

namespace plimsoll {
namespace {

// The commands of a handshake, as arguments. It refers to itself and to the options.
class Script {
 public:
  explicit Script(const SessionOptions& options) {
    hello_[hello_count_++] = "HELLO";
    hello_[hello_count_++] = "3";
    if (!options.password.empty()) {
      hello_[hello_count_++] = "AUTH";
      hello_[hello_count_++] = options.username.empty() ? "default" : options.username;
      hello_[hello_count_++] = options.password;
    }
    if (!options.client_name.empty()) {
      hello_[hello_count_++] = "SETNAME";
      hello_[hello_count_++] = options.client_name;
    }
    const auto end =
        std::to_chars(database_.data(), database_.data() + database_.size(), options.database).ptr;
    select_[1] = {database_.data(), static_cast<std::size_t>(end - database_.data())};
    selects_ = options.database != 0;
  }
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  template <class Visit>
  void for_each_command(Visit&& visit) const {
    visit(std::span(hello_).first(hello_count_));
    visit(std::span(library_name_));
    visit(std::span(library_version_));
    if (selects_) visit(std::span(select_));
    visit(std::span(ping_));
  }

 private:
  using Word = std::string_view;
  std::array<Word, 7> hello_;
  std::size_t hello_count_ = 0;
  std::array<Word, 4> library_name_{"CLIENT", "SETINFO", "LIB-NAME", library_name};
  std::array<Word, 4> library_version_{"CLIENT", "SETINFO", "LIB-VER", library_version};
  std::array<Word, 2> select_{"SELECT", {}};
  std::array<Word, 1> ping_{"PING"};
  std::array<char, 10> database_{};
  bool selects_ = false;
};

CommandView view(std::span<const std::string_view> words) {
  CommandView command;
  command.args = words;
  return command;
}

bool starts_with(const BytesView& text, std::string_view prefix) {
  // Errors are lines or short strings: a cut one is not one of those looked for.
  return text.contiguous() && text.view().starts_with(prefix);
}

// How a server's refusal begins (valkey-server's own texts), and what is to be done about it.
struct Refusal {
  std::string_view prefix;
  Handshake::Verdict verdict;
  Error error;
};

constexpr Refusal refusals[] = {
    {"LOADING",
     Handshake::Verdict::retry,
     {.code = ErrorCode::server_loading,
      .what = "the server is loading its data",
      .expected = "it to be done: try again later"}},
    {"MASTERDOWN",
     Handshake::Verdict::retry,
     {.code = ErrorCode::primary_down,
      .what = "the server is a replica that has lost its primary",
      .expected = "a primary, or replica-serve-stale-data on the replica"}},
    {"BUSY",
     Handshake::Verdict::retry,
     {.code = ErrorCode::server_busy,
      .what = "a script holds the server up",
      .expected = "it to end: SCRIPT KILL or FUNCTION KILL ends it"}},
    {"ERR max number of clients",
     Handshake::Verdict::retry,
     {.code = ErrorCode::too_many_clients,
      .what = "the server has as many clients as its maxclients allows",
      .expected = "fewer clients, or a higher maxclients"}},
    {"DENIED",
     Handshake::Verdict::retry,
     {.code = ErrorCode::protected_mode,
      .what = "the server is in protected mode and takes clients from its own machine only",
      .expected = "a password set on the server, or protected-mode no"}},
    {"WRONGPASS",
     Handshake::Verdict::refused,
     {.code = ErrorCode::authentication_failed,
      .what = "the server does not take this username and password",
      .expected = "a user that is on in ACL LIST, with its password"}},
    {"NOAUTH",
     Handshake::Verdict::refused,
     {.code = ErrorCode::authentication_failed,
      .what = "the server wants a password",
      .expected = "password in the options or the address, and username if it is not default"}},
    {"NOPERM",
     Handshake::Verdict::refused,
     {.code = ErrorCode::permission_denied,
      .what = "the user may not use this database",
      .expected = "an ACL rule that allows SELECT, or database 0"}},
    {"NOPROTO",
     Handshake::Verdict::refused,
     {.code = ErrorCode::unsupported_protocol,
      .what = "the server does not speak RESP3",
      .expected = "Valkey, or Redis 6 or newer"}},
    {"ERR unknown command",
     Handshake::Verdict::refused,
     {.code = ErrorCode::unsupported_protocol,
      .what = "the server does not know HELLO, or has renamed it",
      .expected = "Valkey, or Redis 6 or newer, with HELLO"}},
};

constexpr Error database_refused{.code = ErrorCode::unknown_database,
                                 .what = "the server does not have this database",
                                 .expected =
                                     "a number below `databases` on the server, 0 in a "
                                     "cluster"};

constexpr Error unknown_refusal{.code = ErrorCode::server_error,
                                .what = "the server refused the handshake"};

const Refusal* find_refusal(const BytesView& text) {
  for (const Refusal& refusal : refusals) {
    if (starts_with(text, refusal.prefix)) return &refusal;
  }
  return nullptr;
}

}  // namespace

bool Handshake::start(Account& connections, const SessionOptions& options) {
  const Script script(options);
  std::size_t size = 0;
  script.for_each_command([&](auto words) { size += encoded_size(view(words)); });
  bytes_ = Block::allocate(connections, size);
  if (!bytes_) return false;
  char* out = static_cast<char*>(bytes_.data());
  script.for_each_command([&](auto words) { out = encode(view(words), out); });
  written_ = 0;
  step_ = Step::hello;
  selects_ = options.database != 0;
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
  switch (step_) {
    case Step::hello: step_ = Step::library_name; return;
    case Step::library_name: step_ = Step::library_version; return;
    case Step::library_version: step_ = selects_ ? Step::select : Step::ping; return;
    case Step::select: step_ = Step::ping; return;
    case Step::ping: step_ = Step::done; return;
    case Step::done: PLIMSOLL_CHECK(false); return;
  }
}

Handshake::Verdict Handshake::refuse(const Value& reply) {
  const Result<BytesView> text = reply.as_error();
  if (!text) {
    error_ = {.code = ErrorCode::protocol_error,
              .what = "reply to the handshake is of another kind",
              .expected = "a map with proto 3 for HELLO 3, OK for SELECT"};
    return Verdict::odd;
  }
  if (const Refusal* refusal = find_refusal(*text)) {
    error_ = refusal->error;
    return refusal->verdict;
  }
  if (step_ == Step::select) {
    error_ = database_refused;
    return Verdict::refused;
  }
  error_ = unknown_refusal;
  return Verdict::odd;
}

Handshake::Verdict Handshake::handle_reply(const Value& reply) {
  switch (step_) {
    case Step::hello: {
      bool resp3 = false;
      if (const auto entries = reply.as_entries(); entries && reply.type() == Type::map) {
        for (const Entry& entry : *entries) {
          const auto key = entry.key.as_bytes();
          const auto version = entry.value.as_integer();
          if (key && version && *key == "proto") resp3 = *version == 3;
        }
      }
      if (!resp3) return refuse(reply);
      break;
    }
    case Step::library_name:
    case Step::library_version:
      break;  // a courtesy: servers before 7.2 do not know it, and users may not be allowed to
    case Step::select:
      if (reply.type() != Type::simple_string) return refuse(reply);
      break;
    case Step::ping:
      // A user who may not ping is no worse for it; a server that serves nobody now is.
      if (const auto text = reply.as_error()) {
        const Refusal* const refusal = find_refusal(*text);
        if (refusal != nullptr && refusal->verdict == Verdict::retry) return refuse(reply);
      }
      break;
    case Step::done: PLIMSOLL_CHECK(false); break;
  }
  advance();
  return step_ == Step::done ? Verdict::done : Verdict::go_on;
}

}  // namespace plimsoll
