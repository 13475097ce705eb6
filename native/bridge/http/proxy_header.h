#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

// The header that a proxy sends in front of a client's bytes, with the client's address: the PROXY
// protocol, versions 1 (text) and 2 (binary), as in haproxy's document "The PROXY protocol". No
// I/O.
//
//                      +-- "PROXY " ----------> line, byte by byte up to \r\n --+
//   first (12 bytes) --+                                                         +--> whole,
//                      +-- version 2's mark --> binary_start --> binary ---------+    or a problem
//
// Invariant: space() never reaches beyond the header. The bytes behind it belong to TLS or HTTP.

namespace plimsoll::bridge {

class ProxyHeader {
 public:
  /// The longest header accepted, including version 2's additional fields.
  static constexpr std::size_t bytes_max = 1024;

  /// The space to fill next, completely. Empty: the header is complete, or malformed.
  std::span<char> space() { return std::span(bytes_).subspan(size_, wanted_); }

  /// space() was filled.
  void handle_filled();

  /// What is wrong with the header, or empty.
  std::string_view problem() const { return problem_; }

  /// The client's address. Empty: the proxy does not say, or connects for itself (a health check).
  const std::string& address() const { return address_; }

 private:
  // The size of version 2's mark. The shortest line of version 1 is longer.
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
