#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

// Requests on the wire: an array of bulk strings. The size is known before a byte is written, so
// that room is charged first, and each argument is copied once, straight to where it is sent from.

namespace plimsoll {

struct ArgumentPair {
  std::string_view first;
  std::string_view second;
};

/// A command as its caller holds it: nothing is copied until it is encoded. What it refers to must
/// live until then. On the wire its parts come in the order in which they stand here.
struct CommandView {
  std::string_view name;        ///< encoded beforehand: "$3\r\nGET\r\n"
  std::uint32_t name_parts = 0; ///< bulk strings in `name`
  std::span<const std::string_view> args;
  std::span<const std::string_view> more_args;
  std::span<const ArgumentPair> pairs;

  /// Where not empty, the whole request as it was encoded before; the rest is not looked at.
  std::string_view encoded;

  std::size_t parts() const {
    return name_parts + args.size() + more_args.size() + pairs.size() * 2;
  }
};

namespace encoding {

constexpr std::size_t digits_of(std::uint64_t number) {
  std::size_t digits = 1;
  while (number >= 10) {
    number /= 10;
    ++digits;
  }
  return digits;
}

/// "$<size>\r\n<bytes>\r\n"
constexpr std::size_t bulk_size(std::size_t bytes) { return 1 + digits_of(bytes) + 2 + bytes + 2; }

/// "<sign><number>\r\n", 23 bytes at most; returns the end.
inline char* write_header(char* out, char sign, std::uint64_t number) {
  *out++ = sign;
  const std::size_t digits = digits_of(number);
  for (char* at = out + digits; at != out; number /= 10) {
    *--at = static_cast<char>('0' + number % 10);
  }
  out += digits;
  *out++ = '\r';
  *out++ = '\n';
  return out;
}

inline constexpr std::size_t header_bytes_max = 23;

}  // namespace encoding

/// Calls `visit(std::string_view)` for each argument behind the name, in order.
template <class Visit>
void for_each_argument(const CommandView& command, Visit&& visit) {
  for (std::string_view arg : command.args) visit(arg);
  for (std::string_view arg : command.more_args) visit(arg);
  for (const ArgumentPair& pair : command.pairs) {
    visit(pair.first);
    visit(pair.second);
  }
}

/// Bytes of `command` on the wire.
inline std::size_t encoded_size(const CommandView& command) {
  if (!command.encoded.empty()) return command.encoded.size();
  std::size_t size = 1 + encoding::digits_of(command.parts()) + 2 + command.name.size();
  for_each_argument(command, [&](std::string_view arg) { size += encoding::bulk_size(arg.size()); });
  return size;
}

/// Writes encoded_size() bytes to `out` and returns the end.
inline char* encode(const CommandView& command, char* out) {
  const auto write = [&out](std::string_view bytes) {
    if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
    out += bytes.size();
  };
  if (!command.encoded.empty()) {
    write(command.encoded);
    return out;
  }
  out = encoding::write_header(out, '*', command.parts());
  write(command.name);
  for_each_argument(command, [&](std::string_view arg) {
    out = encoding::write_header(out, '$', arg.size());
    write(arg);
    *out++ = '\r';
    *out++ = '\n';
  });
  return out;
}

/// Calls `write(std::string_view)` for the parts of the encoded command in order: for a destination
/// that is not in one piece.
template <class Write>
void encode_in_parts(const CommandView& command, Write&& write) {
  if (!command.encoded.empty()) {
    write(command.encoded);
    return;
  }
  const auto write_header = [&write](char sign, std::uint64_t number) {
    std::array<char, encoding::header_bytes_max> header;
    const char* const end = encoding::write_header(header.data(), sign, number);
    write(std::string_view(header.data(), static_cast<std::size_t>(end - header.data())));
  };
  write_header('*', command.parts());
  write(command.name);
  for_each_argument(command, [&](std::string_view arg) {
    write_header('$', arg.size());
    write(arg);
    write("\r\n");
  });
}

}  // namespace plimsoll
