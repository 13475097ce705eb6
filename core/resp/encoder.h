#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "plimsoll/core/base/bytes.h"
#include "plimsoll/core/base/time.h"

// Encodes requests. On the wire a request is an array of bulk strings. The caller can compute the
// size before a byte is written, and so charge the room first. Each argument is copied once,
// directly to the buffer from which it is sent.

namespace plimsoll::inline v0 {

/// A word of `size` bytes that its caller writes into the staged request itself, behind submit()
/// (Client::staged_places()): the WebAssembly host has large words in memory of its own, and would
/// need another copy of them to show them to the encoder. Nothing may read such a word's bytes, so
/// it cannot be a name, a key or a number. Only requests of more than segment_capacity bytes may
/// have one: the request log writes these in parts, and leaves room for the deferred bytes.
inline constexpr char deferred_mark = 0;
constexpr std::string_view deferred_word(std::size_t size) { return {&deferred_mark, size}; }
constexpr bool is_deferred(std::string_view word) { return word.data() == &deferred_mark; }

struct ArgumentPair {
  std::string_view first;
  std::string_view second;
};

/// Receives the parts of an ArgumentList as they are made. A view of a part is valid during the
/// call only, unless ArgumentList::lasts.
struct ArgumentSink {
  void* context;
  void (*take)(void* context, std::string_view part);
  void operator()(std::string_view part) const { take(context, part); }
};

/// A list of arguments of any type. `walk` turns them into text, one after the other.
struct ArgumentList {
  const void* items = nullptr;
  std::size_t count = 0;  ///< items in the list
  std::size_t parts = 0;  ///< bulk strings on the wire
  void (*walk)(const ArgumentList& list, const ArgumentSink& sink) = nullptr;
  bool lasts = false;  ///< the parts are views of the items' own text, which outlives the walk
  /// The parts are encoded already: further commands behind an encoded head.
  bool is_encoded = false;
};

/// A command as its caller holds it: views of the caller's arguments, which must live until the
/// command is encoded. The parts go on the wire in the order of the members.
struct CommandView {
  enum class Head : std::uint8_t {
    counted,   ///< `head` begins with the count of all parts: "*2\r\n$3\r\nGET\r\n"
    uncounted  ///< `head` is encoded bulk strings, `head_parts` of them: "$4\r\nMGET\r\n"
  };

  /// Whether the command may be sent again after a connection was lost.
  enum class Effect : std::uint8_t {
    unknown,
    read  ///< the command changes nothing on the server: sending it again does no harm
  };

  /// How the server answers.
  enum class Answer : std::uint8_t {
    replies,        ///< `answers` replies; the last one is the outcome
    confirmations,  ///< `answers` pushes that confirm a subscription, or one error reply
    ends,           ///< `answers` pushes that confirm the end of one, or one error reply
    module_words,   ///< one reply; a module may have chosen the text of an error
    script_words    ///< one reply; a script or function may have chosen the text of an error
  };

  std::string_view head;
  Effect effect = Effect::unknown;
  Head head_kind = Head::uncounted;
  std::uint8_t head_parts = 0;
  Answer answer = Answer::replies;
  std::uint16_t answers = 1;  ///< more than one for several commands in one request: MULTI..EXEC
  std::uint16_t row = 0;      ///< row of the command table, counted from 1; 0: not looked up
  Duration block_time{};      ///< how long the server may block; `forever`: without an end
  static constexpr Duration forever = Duration::max();
  std::span<const std::string_view> args;

  // With an uncounted head only.
  std::span<const std::string_view> more_args;
  std::span<const ArgumentPair> pairs;
  std::span<const ArgumentList> lists;

  /// A request that is encoded already.
  static CommandView from_encoded(std::string_view request) {
    CommandView command;
    command.head = request;
    command.head_kind = Head::counted;
    return command;
  }

  std::size_t parts() const {
    std::size_t parts = head_parts + args.size() + more_args.size() + pairs.size() * 2;
    for (const ArgumentList& list : lists) parts += list.parts;
    return parts;
  }
};

namespace encoding {

constexpr std::size_t digits_of(std::uint64_t number) {
  if (number < 10) return 1;
  if (number < 100) return 2;
  if (number < 1000) return 3;
  std::size_t digits = 1;
  while (number >= 10) {
    number /= 10;
    ++digits;
  }
  return digits;
}

/// "$<size>\r\n<bytes>\r\n"
constexpr std::size_t bulk_size(std::size_t bytes) { return 1 + digits_of(bytes) + 2 + bytes + 2; }

/// "00", "01"... "99": a division takes longer than a look here.
inline constexpr auto two_digits = [] {
  std::array<char, 200> digits{};
  for (std::size_t i = 0; i < digits.size(); ++i) {
    digits[i] = static_cast<char>('0' + (i % 2 == 0 ? i / 20 : i / 2 % 10));
  }
  return digits;
}();

/// Writes "<sign><number>\r\n", at most header_bytes_max bytes. Returns the end.
inline char* write_header(char* out, char sign, std::uint64_t number) {
  *out++ = sign;
  if (number < 10) {
    *out++ = static_cast<char>('0' + number);
  } else if (number < 100) {
    std::memcpy(out, &two_digits[2 * number], 2);
    out += 2;
  } else {
    out += digits_of(number);
    for (char* at = out; number > 0; number /= 10) *--at = static_cast<char>('0' + number % 10);
  }
  *out++ = '\r';
  *out++ = '\n';
  return out;
}

inline constexpr std::size_t header_bytes_max = 23;

/// Calls `visit(std::string_view)` for each argument behind the head, in order, without those of
/// `lists`: they come last on the wire, see for_each_listed().
template <class Visit>
inline void for_each_argument(const CommandView& command, Visit&& visit) {
  for (std::string_view arg : command.args) visit(arg);
  if (command.head_kind == CommandView::Head::counted) return;
  for (std::string_view arg : command.more_args) visit(arg);
  for (const ArgumentPair& pair : command.pairs) {
    visit(pair.first);
    visit(pair.second);
  }
}

/// Whether there is a word whose bytes come after the command is staged.
inline bool has_deferred(const CommandView& command) {
  bool has = false;
  for_each_argument(command, [&has](std::string_view word) { has = has || is_deferred(word); });
  return has;
}

/// Calls `visit(std::string_view)` for each argument of `lists` that is not encoded yet. Not
/// inlined, because it takes the address of `visit`: inlined, it would keep the variables to which
/// `visit` refers out of registers, even for a command without lists, the common case.
template <class Visit>
[[gnu::noinline]] void for_each_listed(const CommandView& command, Visit visit) {
  const ArgumentSink sink{.context = &visit, .take = [](void* context, std::string_view part) {
                            (*static_cast<Visit*>(context))(part);
                          }};
  for (const ArgumentList& list : command.lists) {
    if (!list.is_encoded) list.walk(list, sink);
  }
}

/// Calls `visit(std::string_view)` for the parts of `lists` that are encoded already. On the wire
/// they come behind everything else.
template <class Visit>
[[gnu::noinline]] void for_each_encoded(const CommandView& command, Visit visit) {
  const ArgumentSink sink{.context = &visit, .take = [](void* context, std::string_view part) {
                            (*static_cast<Visit*>(context))(part);
                          }};
  for (const ArgumentList& list : command.lists) {
    if (list.is_encoded) list.walk(list, sink);
  }
}

inline char* write_bulk(char* out, std::string_view bytes) {
  out = copy_bytes(bytes, write_header(out, '$', bytes.size()));
  *out++ = '\r';
  *out++ = '\n';
  return out;
}

[[gnu::noinline]] inline std::size_t listed_size(const CommandView& command) {
  std::size_t size = 0;
  for_each_listed(command,
                  [&size](std::string_view part) { size += encoding::bulk_size(part.size()); });
  for_each_encoded(command, [&size](std::string_view part) { size += part.size(); });
  return size;
}

[[gnu::noinline]] inline char* write_listed(const CommandView& command, char* out) {
  for_each_listed(command, [&out](std::string_view part) { out = write_bulk(out, part); });
  for_each_encoded(command, [&out](std::string_view part) { out = copy_bytes(part, out); });
  return out;
}

/// For encoded_size_bound(): what comes behind the head and `args`.
[[gnu::noinline]] inline std::size_t behind_args_size_bound(const CommandView& command,
                                                            std::size_t around_argument) {
  std::size_t size = command.lists.empty() ? 0 : listed_size(command);
  if (command.head_kind == CommandView::Head::counted) return size;
  for (std::string_view arg : command.more_args) size += arg.size() + around_argument;
  for (const ArgumentPair& pair : command.pairs) {
    size += pair.first.size() + pair.second.size() + 2 * around_argument;
  }
  return size;
}

/// encode() for any command.
[[gnu::noinline]] inline char* encode_any(const CommandView& command, char* out) {
  if (command.head_kind == CommandView::Head::uncounted) {
    out = write_header(out, '*', command.parts());
  }
  out = copy_bytes(command.head, out);
  for_each_argument(command, [&out](std::string_view arg) { out = write_bulk(out, arg); });
  if (!command.lists.empty()) out = write_listed(command, out);
  return out;
}

}  // namespace encoding

/// The number of bytes that encode() writes for `command`.
inline std::size_t encoded_size(const CommandView& command) {
  std::size_t size = command.head.size();
  if (command.head_kind == CommandView::Head::uncounted) {
    size += 1 + encoding::digits_of(command.parts()) + 2;
  }
  encoding::for_each_argument(
      command, [&size](std::string_view arg) { size += encoding::bulk_size(arg.size()); });
  if (!command.lists.empty()) size += encoding::listed_size(command);
  return size;
}

/// Whether the command is nothing but a counted head and `args`, as most are.
inline bool is_plain(const CommandView& command) {
  return command.head_kind == CommandView::Head::counted && command.lists.empty();
}

/// An upper bound of encoded_size() that is faster to compute.
inline std::size_t encoded_size_bound(const CommandView& command) {
  constexpr std::size_t around_argument = encoding::header_bytes_max + 2;
  std::size_t size = encoding::header_bytes_max + command.head.size();
  for (std::string_view arg : command.args) size += arg.size() + around_argument;
  if (!is_plain(command)) [[unlikely]]
    size += encoding::behind_args_size_bound(command, around_argument);
  return size;
}

/// Writes encoded_size() bytes to `out` and returns the end.
inline char* encode(const CommandView& command, char* out) {
  if (!is_plain(command)) [[unlikely]]
    return encoding::encode_any(command, out);
  out = copy_bytes(command.head, out);
  for (std::string_view arg : command.args) out = encoding::write_bulk(out, arg);
  return out;
}

/// Calls `write(std::string_view)` for the bytes of the encoded command, part by part in order: for
/// a destination that is not in one piece.
template <class Write>
void encode_in_parts(const CommandView& command, Write&& write) {
  const auto write_header = [&write](char sign, std::uint64_t number) {
    std::array<char, encoding::header_bytes_max> header;
    const char* const end = encoding::write_header(header.data(), sign, number);
    write(std::string_view(header.data(), static_cast<std::size_t>(end - header.data())));
  };
  if (command.head_kind == CommandView::Head::uncounted) write_header('*', command.parts());
  write(command.head);
  const auto write_argument = [&](std::string_view arg) {
    write_header('$', arg.size());
    write(arg);
    write("\r\n");
  };
  encoding::for_each_argument(command, write_argument);
  if (command.lists.empty()) return;
  encoding::for_each_listed(command, write_argument);
  encoding::for_each_encoded(command, [&write](std::string_view part) { write(part); });
}

}  // namespace plimsoll::inline v0
