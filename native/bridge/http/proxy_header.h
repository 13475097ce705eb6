#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

// What a proxy says of a connection before the connection's own bytes: the PROXY protocol, versions
// 1 (text) and 2 (binary), as haproxy's document "The PROXY protocol" has it. No I/O.

namespace plimsoll::bridge {

class ProxyHeader {
 public:
  /// A whole header, with whatever version 2 may bring besides addresses.
  static constexpr std::size_t bytes_max = 1024;

  /// What is to be filled next, wholly: never more than the header has. Empty: it is whole, or
  /// malformed.
  std::span<char> space() { return std::span(bytes_).subspan(size_, wanted_); }

  /// It was filled.
  void handle_filled();

  /// Empty, or what is wrong with it.
  std::string_view problem() const { return problem_; }

  /// The client's; empty: the proxy does not say, or speaks for itself (a health check).
  const std::string& address() const { return address_; }

 private:
  // The shortest line of version 1 is longer, and version 2 begins with as many.
  static constexpr std::size_t first_bytes = 12;

  std::string_view seen() const { return {bytes_.data(), size_}; }
  void begin();
  void take_line();
  void take_binary_start();
  void take_binary();
  void fail(std::string_view why);

  enum class At : std::uint8_t { first, line, binary_start, binary };
  At at_ = At::first;
  std::array<char, bytes_max> bytes_{};
  std::size_t size_ = 0;
  std::size_t wanted_ = first_bytes;
  std::string_view problem_;
  std::string address_;
};

}  // namespace plimsoll::bridge
