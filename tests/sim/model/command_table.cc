#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "plimsoll/tests/sim/model/commands.h"
#include "plimsoll/tests/sim/model/numbers.h"

namespace plimsoll::sim::model {
namespace {

constexpr std::size_t name_bytes_max = 32;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Open addressing by a few of a name's letters; names that are found elsewhere by case.
class Table {
 public:
  Table() {
    for (const auto commands :
         {connection_commands(), client_commands(), key_commands(), database_commands(),
          string_commands(), counter_commands(), hash_commands(), set_commands(), list_commands(),
          blocking_commands(), transaction_commands(), pubsub_commands()}) {
      for (const Command& command : commands) insert(command);
    }
  }

  const Command* find(std::string_view name) const {
    if (name.empty() || name.size() > name_bytes_max) return nullptr;
    for (std::size_t place = hash(name);; ++place) {
      const Command* const command = slots_[place % slots_.size()];
      if (command == nullptr || equals_ignoring_case(name, command->name)) return command;
    }
  }

  std::span<const Command* const> all() const { return all_; }

 private:
  static std::size_t hash(std::string_view name) {
    std::size_t sum = name.size();
    for (const char c : name) sum = sum * 31 + static_cast<unsigned char>(lower(c));
    return sum;
  }

  void insert(const Command& command) {
    all_.push_back(&command);
    std::size_t place = hash(command.name);
    while (slots_[place % slots_.size()] != nullptr) ++place;
    slots_[place % slots_.size()] = &command;
  }

  std::array<const Command*, 512> slots_ = {};
  std::vector<const Command*> all_;
};

const Table& table() {
  static const Table the_table;
  return the_table;
}

}  // namespace

bool equals_ignoring_case(std::string_view word, std::string_view lower_word) {
  return word.size() == lower_word.size() &&
         std::equal(word.begin(), word.end(), lower_word.begin(),
                    [](char left, char right) { return lower(left) == right; });
}

const Command* find_command(Arguments arguments) {
  const Command* const command = table().find(arguments[0]);
  if (command == nullptr || !command->has(flag_container) || arguments.size() == 1) return command;
  return table().find(std::string(arguments[0]).append("|").append(arguments[1]));
}

const Command* find_container(std::string_view name) {
  const Command* const command = table().find(name);
  return command != nullptr && command->has(flag_container) ? command : nullptr;
}

std::span<const Command* const> all_commands() { return table().all(); }

std::string printed(std::string_view text, std::size_t bytes_max) {
  text = text.substr(0, bytes_max);
  return std::string(text.substr(0, text.find('\0')));
}

std::string unknown_command_text(Arguments arguments) {
  constexpr std::size_t shown_max = 128;
  if (find_container(arguments[0]) != nullptr) {
    std::string upper(arguments[0]);
    for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return "unknown subcommand '" + printed(arguments[1], shown_max) + "'. Try " + upper + " HELP.";
  }
  std::string rest;
  for (std::size_t i = 1; i < arguments.size() && rest.size() < shown_max; ++i) {
    const std::string argument = printed(arguments[i], shown_max - rest.size());
    rest.append("'").append(argument).append("' ");
  }
  return "unknown command '" + printed(arguments[0], shown_max) +
         "', with args beginning with: " + rest;
}

std::string wrong_arity_text(const Command& command) {
  return "wrong number of arguments for '" + std::string(command.name) + "' command";
}

std::string invalid_expire_text(const Command& command) {
  return "invalid expire time in '" + std::string(command.name) + "' command";
}

std::optional<std::int64_t> integer_argument(Call& call, std::size_t place,
                                             std::string_view error) {
  const std::optional<std::int64_t> number = parse_integer(call.arguments[place]);
  if (!number) call.reply.error(error);
  return number;
}

}  // namespace plimsoll::sim::model
