// SET, GET and what else reads or writes a whole string.
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "plimsoll/tests/sim/model/commands.h"
#include "plimsoll/tests/sim/model/expiry.h"
#include "plimsoll/tests/sim/model/numbers.h"

namespace plimsoll::sim::model {

std::optional<std::int64_t> expiry_time(Call& call, const ExpiryArgument& argument) {
  constexpr std::int64_t max = std::numeric_limits<std::int64_t>::max();
  const std::optional<std::int64_t> number = integer_argument(call, argument.place);
  if (!number) return std::nullopt;
  const std::int64_t factor = argument.unit == ExpiryUnit::seconds ? 1000 : 1;
  if (*number > 0 && *number <= max / factor) {
    const std::int64_t from = argument.from == ExpiryFrom::now ? call.engine.now.milliseconds() : 0;
    if (const std::optional<std::int64_t> time = add(*number * factor, from)) return time;
  }
  call.reply.error(invalid_expire_text(call.command));
  return std::nullopt;
}

namespace {

enum class OnlyIf { always, missing, existing };
enum class Answer { ok, old_value };
enum class OldExpiry { dropped, kept };

struct SetOptions {
  OnlyIf only_if = OnlyIf::always;
  Answer answer = Answer::ok;
  OldExpiry old_expiry = OldExpiry::dropped;
  std::optional<ExpiryArgument> expiry = {};
};

std::optional<ExpiryArgument> expiry_argument(Arguments arguments, std::size_t place) {
  if (place + 1 >= arguments.size()) return std::nullopt;
  const std::string_view word = arguments[place];
  const auto found = [&](ExpiryUnit unit, ExpiryFrom from) {
    return ExpiryArgument{unit, from, place + 1};
  };
  if (equals_ignoring_case(word, "ex")) return found(ExpiryUnit::seconds, ExpiryFrom::now);
  if (equals_ignoring_case(word, "px")) return found(ExpiryUnit::milliseconds, ExpiryFrom::now);
  if (equals_ignoring_case(word, "exat")) return found(ExpiryUnit::seconds, ExpiryFrom::epoch);
  if (equals_ignoring_case(word, "pxat")) {
    return found(ExpiryUnit::milliseconds, ExpiryFrom::epoch);
  }
  return std::nullopt;
}

// Nothing if they make no sense together.
std::optional<SetOptions> parse_set_options(Arguments arguments) {
  SetOptions options;
  for (std::size_t i = 3; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    const std::optional<ExpiryArgument> expiry = expiry_argument(arguments, i);
    const bool expiry_open = !options.expiry && options.old_expiry == OldExpiry::dropped;
    if (equals_ignoring_case(word, "nx") && options.only_if != OnlyIf::existing) {
      options.only_if = OnlyIf::missing;
    } else if (equals_ignoring_case(word, "xx") && options.only_if != OnlyIf::missing) {
      options.only_if = OnlyIf::existing;
    } else if (equals_ignoring_case(word, "get")) {
      options.answer = Answer::old_value;
    } else if (equals_ignoring_case(word, "keepttl") && !options.expiry) {
      options.old_expiry = OldExpiry::kept;
    } else if (expiry && expiry_open) {
      options.expiry = expiry;
      ++i;
    } else {
      return std::nullopt;
    }
  }
  return options;
}

// Replies with the key's string, or null; nothing if it is not a string.
std::optional<Text*> reply_with_string(Call& call) {
  const std::optional<Text*> text = find_as<Text>(call, call.arguments[1]);
  if (!text) return std::nullopt;
  if (*text) {
    call.reply.bulk(**text);
  } else {
    call.reply.null();
  }
  return text;
}

void store(Call& call, std::string_view key, std::string_view value, OldExpiry old_expiry) {
  Database::Entry* const entry = call.database().find(key);
  if (entry != nullptr && old_expiry == OldExpiry::kept) {
    entry->value = Text(value);
  } else if (Text* const text = entry ? std::get_if<Text>(&entry->value) : nullptr) {
    text->assign(value);
    if (entry->expires_at) call.database().expire_at(key, *entry, std::nullopt);
  } else {
    call.database().replace(key, Text(value));
  }
  call.key_changed(key);
}

void erase(Call& call, std::string_view key) {
  call.database().erase(key);
  call.key_changed(key);
}

void set(Call& call) {
  const std::string_view key = call.arguments[1];
  const std::optional<SetOptions> options = parse_set_options(call.arguments);
  if (!options) return call.reply.error(syntax_error_text);
  std::optional<std::int64_t> time;
  if (options->expiry) {
    time = expiry_time(call, *options->expiry);
    if (!time) return;
  }

  const bool answers_ok = options->answer == Answer::ok;
  if (!answers_ok && !reply_with_string(call)) return;
  const bool exists = call.find(key) != nullptr;
  if ((exists && options->only_if == OnlyIf::missing) ||
      (!exists && options->only_if == OnlyIf::existing)) {
    if (answers_ok) call.reply.null();
    return;
  }
  if (answers_ok) call.reply.ok();
  if (time && *time <= call.engine.now.milliseconds()) {
    if (exists) erase(call, key);  // what is expired from birth is never there
    return;
  }
  store(call, key, call.arguments[2], options->old_expiry);
  if (time) call.database().expire_at(key, *call.database().find(key), time);
}

void setnx(Call& call) {
  if (call.find(call.arguments[1]) != nullptr) return call.reply.integer(0);
  store(call, call.arguments[1], call.arguments[2], OldExpiry::dropped);
  call.reply.integer(1);
}

void set_expiring(Call& call, ExpiryUnit unit) {
  const std::string_view key = call.arguments[1];
  const std::optional<std::int64_t> time = expiry_time(call, {unit, ExpiryFrom::now, 2});
  if (!time) return;
  call.find(key);
  store(call, key, call.arguments[3], OldExpiry::dropped);
  call.database().expire_at(key, *call.database().find(key), time);
  call.reply.ok();
}

void setex(Call& call) { set_expiring(call, ExpiryUnit::seconds); }
void psetex(Call& call) { set_expiring(call, ExpiryUnit::milliseconds); }

void get(Call& call) {
  if (call.engine.options.user_key == call.arguments[1]) {
    return call.reply.bulk(call.connection.user->name);
  }
  reply_with_string(call);
}

void mget(Call& call) {
  call.reply.array(call.arguments.size() - 1);
  for (const std::string_view key : call.arguments.subspan(1)) {
    Database::Entry* const entry = call.find(key);
    const Text* const text = entry ? std::get_if<Text>(&entry->value) : nullptr;
    if (text != nullptr) {
      call.reply.bulk(*text);
    } else {
      call.reply.null();
    }
  }
}

void mset(Call& call) {
  if (call.arguments.size() % 2 == 0) return call.reply.error(wrong_arity_text(call.command));
  for (std::size_t i = 1; i < call.arguments.size(); i += 2) {
    call.find(call.arguments[i]);
    store(call, call.arguments[i], call.arguments[i + 1], OldExpiry::dropped);
  }
  call.reply.ok();
}

void getset(Call& call) {
  if (!reply_with_string(call)) return;
  store(call, call.arguments[1], call.arguments[2], OldExpiry::dropped);
}

void getdel(Call& call) {
  const std::optional<Text*> text = reply_with_string(call);
  if (!text || *text == nullptr) return;
  erase(call, call.arguments[1]);
}

void getex(Call& call) {
  const Arguments arguments = call.arguments;
  const std::optional<ExpiryArgument> expiry = expiry_argument(arguments, 2);
  const bool persist = arguments.size() == 3 && equals_ignoring_case(arguments[2], "persist");
  if (arguments.size() > (expiry ? 4U : persist ? 3U : 2U)) {
    return call.reply.error(syntax_error_text);
  }
  const std::string_view key = arguments[1];
  const std::optional<Text*> text = find_as<Text>(call, key);
  if (!text) return;
  if (*text == nullptr) return call.reply.null();
  std::optional<std::int64_t> time;
  if (expiry) {
    time = expiry_time(call, *expiry);
    if (!time) return;
  }
  call.reply.bulk(**text);

  Database::Entry& entry = *call.database().find(key);
  if (time && *time <= call.engine.now.milliseconds()) {
    erase(call, key);
  } else if (time || (persist && entry.expires_at)) {
    call.database().expire_at(key, entry, time);
    call.key_changed(key);
  }
}

void append(Call& call) {
  Text* const text = find_or_make<Text>(call, call.arguments[1]);
  if (text == nullptr) return;
  text->append(call.arguments[2]);
  call.key_changed(call.arguments[1]);
  call.reply.integer(static_cast<std::int64_t>(text->size()));
}

void strlen(Call& call) {
  const std::optional<Text*> text = find_as<Text>(call, call.arguments[1]);
  if (text) call.reply.integer(*text ? static_cast<std::int64_t>((*text)->size()) : 0);
}

constexpr Command string_table[] = {
    {"set", -3, flag_write, first_argument, set},
    {"setnx", 3, flag_write, first_argument, setnx},
    {"setex", 4, flag_write, first_argument, setex},
    {"psetex", 4, flag_write, first_argument, psetex},
    {"get", 2, flag_read, first_argument, get},
    {"mget", -2, flag_read, all_arguments, mget},
    {"mset", -3, flag_write, every_other_argument, mset},
    {"getset", 3, flag_write, first_argument, getset},
    {"getdel", 2, flag_write, first_argument, getdel},
    {"getex", -2, flag_write, first_argument, getex},
    {"append", 3, flag_write, first_argument, append},
    {"strlen", 2, flag_read, first_argument, strlen},
};

}  // namespace

std::span<const Command> string_commands() { return string_table; }

}  // namespace plimsoll::sim::model
