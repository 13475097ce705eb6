#include "plimsoll/native/driver/prefixed_command.h"

#include <cstddef>
#include <span>

#include "plimsoll/core/base/bytes.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/folded.h"
#include "plimsoll/core/commands/parts.h"
#include "plimsoll/native/driver/held_words.h"

namespace plimsoll::inline v0::native {
namespace {

using commands::FirstWords;
using commands::is_token;
using commands::KeyRanges;
using commands::Row;

constexpr plimsoll::Error unknown_keys{
    .code = ErrorCode::refused_command,
    .what = "key_prefix is set, and which words of this command are keys is not known",
    .expected = "a client without key_prefix for commands of modules"};

// Channels are no keys, though the server's table calls those of shards so.
bool is_of_channels(std::string_view name) {
  return name == "PUBLISH" || name == "SPUBLISH" || name == "SUBSCRIBE" || name == "SSUBSCRIBE" ||
         name == "PSUBSCRIBE" || name == "PUBSUB|NUMSUB" || name == "PUBSUB|SHARDNUMSUB";
}

// The words of a command of channels that are names of channels.
KeyRanges channel_ranges(std::string_view name, std::size_t parts) {
  KeyRanges ranges;
  if (name == "PUBLISH" || name == "SPUBLISH") {
    ranges.ranges[ranges.count++] = {.first = 1, .count = 1};
  } else if (name.starts_with("PUBSUB|") && parts > 2) {
    ranges.ranges[ranges.count++] = {.first = 2, .count = parts - 2};
  }
  return ranges;  // the client refuses SUBSCRIBE and the like
}

// Says of each word of a command, one after the other, whether it gets the prefix.
class Places {
 public:
  Places(std::string_view name, const KeyRanges& names)
      : names_(names),
        is_sort_(name == "SORT" || name == "SORT_RO"),
        may_be_empty_(name == "MIGRATE") {}

  bool take(std::string_view word) {
    const std::size_t at = next_++;
    if (is_sort_ && at >= 2) return take_of_sort(word);
    for (const commands::KeyRange& range : std::span(names_.ranges).first(names_.count)) {
      // "" in MIGRATE says that its keys follow behind KEYS.
      if (range.has(at)) return !(may_be_empty_ && word.empty());
    }
    return false;
  }

 private:
  enum class Wanted { token, number, number_before_last, by, get, store };

  // The table leaves out SORT's further keys and patterns, since any of its words could be one.
  bool take_of_sort(std::string_view word) {
    const Wanted wanted = wanted_;
    wanted_ = Wanted::token;
    switch (wanted) {
      case Wanted::number_before_last: wanted_ = Wanted::number; return false;
      case Wanted::number: return false;
      case Wanted::by: return word.find('*') != word.npos;  // without a * it does not sort
      case Wanted::get: return word != "#";
      case Wanted::store: return true;
      case Wanted::token: break;
    }
    if (is_token(word, "LIMIT")) wanted_ = Wanted::number_before_last;
    if (is_token(word, "BY")) wanted_ = Wanted::by;
    if (is_token(word, "GET")) wanted_ = Wanted::get;
    if (is_token(word, "STORE")) wanted_ = Wanted::store;
    return false;
  }

  KeyRanges names_;
  bool is_sort_;
  bool may_be_empty_;
  std::size_t next_ = 0;
  Wanted wanted_ = Wanted::token;
};

}  // namespace

PrefixedCommand::PrefixedCommand(Account& requests, const Prefixes& prefixes,
                                 const CommandView& command)
    : command_(command) {
  if (command.answers != 1) return;
  FirstWords first;
  first.take(command, FirstWords::Lists::taken);
  const Row* row = commands::row_of(command);
  if (row == nullptr) row = commands::find(first.words());
  if (row == nullptr) {
    if (!prefixes.keys.empty()) error_ = unknown_keys;
    return;
  }
  const std::string_view name = row->name_view();
  const bool has_channels = is_of_channels(name);
  const std::string_view prefix = has_channels ? prefixes.channels : prefixes.keys;
  if (prefix.empty()) return;
  const auto names = has_channels ? plimsoll::Result(channel_ranges(name, first.parts()))
                                  : commands::key_ranges(*row, first.words(), first.parts());
  if (!names) {
    error_ = names.error();
    return;
  }
  if (names->count == 0) return;

  std::size_t bytes = encoding::header_bytes_max;
  Places places(name, *names);
  commands::for_each_word(command, [&](std::string_view word) {
    bytes += encoding::bulk_size(word.size() + (places.take(word) ? prefix.size() : 0));
  });
  copy_ = Block::allocate(requests, bytes);
  if (!copy_) {
    error_ = no_room_to_hold(bytes, requests);
    return;
  }
  char* const begin = static_cast<char*>(copy_.data());
  char* out = encoding::write_header(begin, '*', first.parts());
  places = Places(name, *names);
  commands::for_each_word(command, [&](std::string_view word) {
    if (!places.take(word)) {
      out = encoding::write_bulk(out, word);
      return;
    }
    out = encoding::write_header(out, '$', prefix.size() + word.size());
    out = copy_bytes(word, copy_bytes(prefix, out));
    *out++ = '\r';
    *out++ = '\n';
  });
  command_ = CommandView::from_encoded({begin, static_cast<std::size_t>(out - begin)});
  command_.effect = command.effect;
  command_.answer = command.answer;
  command_.block_time = command.block_time;
  command_.row = commands::number_of(*row);
}

}  // namespace plimsoll::inline v0::native
