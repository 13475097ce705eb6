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

/// A command as its caller holds it: nothing is copied until it is encoded. `head` is what the
/// builder knows beforehand, such as "*2\r\n$3\r\nGET\r\n"; `args` are the arguments behind it.
struct CommandView {
  std::string_view head;
  std::span<const std::string_view> args;
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

/// Bytes of `command` on the wire.
inline std::size_t encoded_size(const CommandView& command) {
  std::size_t size = command.head.size();
  for (std::string_view arg : command.args) size += encoding::bulk_size(arg.size());
  return size;
}

/// Writes encoded_size() bytes to `out` and returns the end.
inline char* encode(const CommandView& command, char* out) {
  const auto write = [&out](std::string_view bytes) {
    if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
    out += bytes.size();
  };
  write(command.head);
  for (std::string_view arg : command.args) {
    out = encoding::write_header(out, '$', arg.size());
    write(arg);
    *out++ = '\r';
    *out++ = '\n';
  }
  return out;
}

/// Calls `write(std::string_view)` for the parts of the encoded command in order: for a destination
/// that is not in one piece.
template <class Write>
void encode_in_parts(const CommandView& command, Write&& write) {
  write(command.head);
  for (std::string_view arg : command.args) {
    std::array<char, encoding::header_bytes_max> header;
    const char* const end = encoding::write_header(header.data(), '$', arg.size());
    write(std::string_view(header.data(), static_cast<std::size_t>(end - header.data())));
    write(arg);
    write("\r\n");
  }
}

}  // namespace plimsoll
