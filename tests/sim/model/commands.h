#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "plimsoll/tests/sim/model/command.h"
#include "plimsoll/tests/sim/model/engine.h"

namespace plimsoll::sim::model {

// The commands, by what they are about. A table's handlers may rely on the arity that it states.
std::span<const Command> connection_commands();
std::span<const Command> client_commands();  // of CLIENT, and CLIENT itself, without a handler
std::span<const Command> key_commands();
std::span<const Command> database_commands();
std::span<const Command> string_commands();
std::span<const Command> counter_commands();
std::span<const Command> hash_commands();
std::span<const Command> set_commands();
std::span<const Command> list_commands();
std::span<const Command> blocking_commands();
std::span<const Command> transaction_commands();
std::span<const Command> pubsub_commands();

/// Of a command that runs while data are loaded, and while the primary is down.
inline constexpr std::uint32_t flags_always = flag_loading | flag_stale;

inline constexpr KeyPlaces no_key = {};
inline constexpr KeyPlaces first_argument = {1, 1, 1};
inline constexpr KeyPlaces all_arguments = {1, -1, 1};
inline constexpr KeyPlaces every_other_argument = {1, -1, 2};

inline constexpr std::string_view syntax_error_text = "syntax error";
inline constexpr std::string_view not_an_integer_text = "value is not an integer or out of range";
inline constexpr std::string_view wrong_type_text =
    "-WRONGTYPE Operation against a key holding the wrong kind of value";
inline constexpr std::string_view overflow_text = "increment or decrement would overflow";
inline constexpr std::string_view primary_down_text =
    "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
inline constexpr std::string_view read_only_text =
    "-READONLY You can't write against a read only replica.";
inline constexpr std::string_view loading_text = "-LOADING Valkey is loading the dataset in memory";
inline constexpr std::string_view busy_text =
    "-BUSY Valkey is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";

/// Text that somebody has sent, as the server prints it: up to a zero byte, and not more than so
/// many bytes.
std::string printed(std::string_view text, std::size_t bytes_max = std::string_view::npos);

std::string unknown_command_text(Arguments arguments);
std::string wrong_arity_text(const Command& command);
std::string invalid_expire_text(const Command& command);

/// The key's value if it is a T; null if there is no key. Nothing, with the error replied, if it is
/// of another type.
template <class T>
std::optional<T*> find_as(Call& call, std::string_view key) {
  Database::Entry* const entry = call.find(key);
  if (entry == nullptr) return nullptr;
  if (T* const value = std::get_if<T>(&entry->value)) return value;
  call.reply.error(wrong_type_text);
  return std::nullopt;
}

/// The same, but a missing key is made.
template <class T>
T* find_or_make(Call& call, std::string_view key) {
  const std::optional<T*> found = find_as<T>(call, key);
  if (!found) return nullptr;
  return *found ? *found : std::get_if<T>(&call.database().replace(key, T()).value);
}

/// Nothing, with the error replied, if the argument is no integer.
std::optional<std::int64_t> integer_argument(Call& call, std::size_t place,
                                             std::string_view error = not_an_integer_text);

/// Leaves the transaction as DISCARD does.
void discard_transaction(Engine& engine, Connection& connection);

}  // namespace plimsoll::sim::model
