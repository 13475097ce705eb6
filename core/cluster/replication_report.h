#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/cluster/node_address.h"
#include "plimsoll/core/resp/bytes_view.h"

// What a server says of itself in INFO: its role, how much of the history of writes it has, which
// replicas are with it, and in which zone it stands. `INFO replication` and `INFO server` are read
// alike; a field that is not there keeps its value.

namespace plimsoll::inline v0 {

/// The most replicas of one primary that a client reads from. Each takes one of connections_max.
inline constexpr std::uint32_t replicas_max = 8;

/// The name of an availability zone. One that is longer than bytes_max counts as no zone, so that
/// it is nobody's.
class ZoneName {
 public:
  static constexpr std::size_t bytes_max = 63;

  ZoneName() = default;
  explicit ZoneName(std::string_view text);

  std::string_view text() const { return {text_.data(), size_}; }
  bool empty() const { return size_ == 0; }
  friend bool operator==(const ZoneName& a, const ZoneName& b) { return a.text() == b.text(); }

 private:
  std::uint8_t size_ = 0;
  std::array<char, bytes_max> text_{};
};

/// The name of a history of writes (master_replid): 40 hex digits. A primary that was a replica
/// begins a new history. All zero: none is known.
using ReplicationId = std::array<char, 40>;

struct ReplicationReport {
  enum class Role : std::uint8_t { unknown, primary, replica };

  Role role = Role::unknown;
  bool has_offset = false;
  bool is_link_up = false;  ///< a replica's link to its primary
  ReplicationId history{};
  std::uint64_t offset = 0;  ///< how many bytes of the history the server has run
  ZoneName zone{};
  std::uint32_t replicas_count = 0;
  std::uint32_t replicas_left_out = 0;  ///< beyond replicas_max, or with no address
  std::array<NodeAddress, replicas_max> replicas{};

  /// Reads the text of INFO. What is no such text leaves everything as it is.
  void read(const BytesView& text);
  void read(std::string_view text);

  std::span<const NodeAddress> known_replicas() const {
    return std::span(replicas).first(replicas_count);
  }

 private:
  void read_line(std::string_view line);
  void read_field(std::string_view name, std::string_view value);
  void read_replica(std::string_view fields);
};

}  // namespace plimsoll::inline v0
