#include "plimsoll/core/cluster/routing.h"

#include <algorithm>
#include <cstddef>
#include <span>

#include "plimsoll/core/commands/encoded_commands.h"
#include "plimsoll/core/commands/key_words.h"
#include "plimsoll/core/commands/parts.h"
#include "plimsoll/core/commands/row_numbers.h"

namespace plimsoll::inline v0 {
namespace {

using commands::FirstWords;
using commands::KeyRange;
using commands::KeyRanges;
using commands::Row;
using Words = std::span<const std::string_view>;

// Gathers the slots of keys into one route.
class RouteBuilder {
 public:
  void add_key(std::string_view key) {
    if (is_deferred(key)) return set_unclear();
    const Slot slot = slot_of_key(key);
    if (route_.kind == Route::Kind::no_key) {
      route_.kind = Route::Kind::one_slot;
      route_.slot = slot;
    } else if (route_.kind == Route::Kind::one_slot && route_.slot != slot) {
      route_.kind = Route::Kind::several_slots;
    }
  }
  void add_command(const Row* row) {
    route_.row = commands_count_++ == 0 && row != nullptr ? number_of(*row) : std::uint16_t{0};
    if (row != nullptr && concerned_by(*row) == Concerns::every_node) {
      route_.is_for_every_node = true;
    }
  }
  void set_unclear() { route_.kind = Route::Kind::unclear; }

  Route route() const { return route_; }

 private:
  Route route_;
  std::size_t commands_count_ = 0;
};

bool names_shard_channels(std::uint16_t row_number) {
  return row_number == commands::row_numbers::spublish ||
         row_number == commands::row_numbers::ssubscribe ||
         row_number == commands::row_numbers::sunsubscribe;
}

KeyRanges range_of(std::size_t first, std::size_t count) {
  KeyRanges one;
  one.ranges[0] = {.first = first, .count = count};
  one.count = count == 0 ? 0 : 1;
  return one;
}

// MIGRATE has "" in the place of its key if it has KEYS and the keys behind that.
void leave_out_no_key(KeyRanges& found, Words words) {
  const KeyRange& first = found.ranges[0];
  if (found.count < 2 || first.first >= words.size() || !words[first.first].empty()) return;
  std::copy(found.ranges.begin() + 1, found.ranges.end(), found.ranges.begin());
  --found.count;
}

// `words`: the first of the command's `parts` words. `row`: null if the table does not have it.
Result<KeyRanges> find_keys(const Row* row, Words words, std::size_t parts) {
  if (row == nullptr) return range_of(1, parts > 1 ? 1 : 0);
  const std::uint16_t number = number_of(*row);
  if (names_shard_channels(number)) {
    const bool is_message = number == commands::row_numbers::spublish;
    return range_of(1, is_message ? std::min<std::size_t>(parts - 1, 1) : parts - 1);
  }
  Result<KeyRanges> found = key_ranges(*row, words, parts);
  if (found && number == commands::row_numbers::migrate) leave_out_no_key(*found, words);
  return found;
}

// Where the keys of one command cannot be found, those behind it are read on: any of them may
// concern every node.
class RouteOfEncoded : public commands::EncodedCommands::Listener {
 public:
  explicit RouteOfEncoded(RouteBuilder& route) : route_(route) {}

  KeyRanges begin_command(Words first, std::size_t parts) override {
    const Row* const row = commands::find(first);
    route_.add_command(row);
    if (const Result<KeyRanges> found = find_keys(row, first, parts)) return *found;
    route_.set_unclear();
    return {};
  }
  void take_word(std::string_view word) override { route_.add_key(word); }
  void handle_broken() override { route_.set_unclear(); }

 private:
  RouteBuilder& route_;
};

bool has_encoded_lists(const CommandView& command) {
  return std::any_of(command.lists.begin(), command.lists.end(),
                     [](const ArgumentList& list) { return list.is_encoded; });
}

}  // namespace

Route detail::route_by_words(const CommandView& command) {
  RouteBuilder route;
  if (commands::are_several(command) || has_encoded_lists(command)) {
    RouteOfEncoded listener(route);
    commands::EncodedCommands::read(command, listener);
    return route.route();
  }
  FirstWords first;
  first.take(command, FirstWords::Lists::taken);
  const Row* const row =
      command.row != 0 ? commands::row_of(command) : commands::find(first.words());
  route.add_command(row);
  const Result<KeyRanges> found = first.words().empty()
                                      ? Result<KeyRanges>(Error{})
                                      : find_keys(row, first.words(), first.parts());
  if (found) {
    visit_keys(command, first, *found, [&](std::string_view key) { route.add_key(key); });
  } else {
    route.set_unclear();
  }
  return route.route();
}

}  // namespace plimsoll::inline v0
