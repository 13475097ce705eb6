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
  }

 private:
  using Word = std::string_view;
  std::array<Word, 7> hello_;
  std::size_t hello_count_ = 0;
  std::array<Word, 4> library_name_{"CLIENT", "SETINFO", "LIB-NAME", library_name};
  std::array<Word, 4> library_version_{"CLIENT", "SETINFO", "LIB-VER", library_version};
  std::array<Word, 2> select_{"SELECT", {}};
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

// Answers of a server that may serve us later (valkey-server's own texts).
constexpr std::string_view passing_errors[] = {
    "LOADING", "MASTERDOWN", "BUSY", "ERR max number of clients", "DENIED",
};

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

void Handshake::advance() {
  switch (step_) {
    case Step::hello: step_ = Step::library_name; return;
    case Step::library_name: step_ = Step::library_version; return;
    case Step::library_version: step_ = selects_ ? Step::select : Step::done; return;
    case Step::select: step_ = Step::done; return;
    case Step::done: PLIMSOLL_CHECK(false); return;
  }
}

Handshake::Verdict Handshake::refuse(const Value& reply) {
  const Result<BytesView> text = reply.as_error();
  if (!text) {
    error_ = {.code = ErrorCode::protocol_error,
              .what = "reply to the handshake is of another kind",
              .expected = "a map with proto 3 for HELLO 3, OK for SELECT"};
    return Verdict::refused;
  }
  error_ = {.code = ErrorCode::server_error, .what = "the server refused the handshake"};
  for (std::string_view passing : passing_errors) {
    if (starts_with(*text, passing)) return Verdict::retry;
  }
  return Verdict::refused;
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
    case Step::done: PLIMSOLL_CHECK(false); break;
  }
  advance();
  return step_ == Step::done ? Verdict::done : Verdict::go_on;
}

}  // namespace plimsoll
