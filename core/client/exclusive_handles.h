#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "plimsoll/core/session/options.h"

namespace plimsoll::inline v0 {

/// The exclusive connections of a cluster's client, as their users know them. One leads to a single
/// node, and which one that has to be is only known by a key. So a user holds a handle, which
/// stands for none of the connections until its first command, and may stand for another one after
/// each command, as long as nothing is watched.
class ExclusiveHandles {
 public:
  static constexpr std::uint32_t none = 0;

  /// All connections and handles have numbers below this.
  static constexpr std::uint32_t ids_max = 2 * connections_max;

  /// Whether a number is a handle's: no connection has such a number.
  static constexpr bool is_handle(std::uint32_t number) {
    return number >= connections_max && number < ids_max;
  }

  /// A new handle; nothing, if there are connections_max.
  std::optional<std::uint32_t> add() {
    for (std::uint32_t i = 0; i < connections_max; ++i) {
      if (handles_[i].is_held) continue;
      handles_[i] = {.is_held = true, .connection = none};
      return connections_max + i;
    }
    return std::nullopt;
  }
  void remove(std::uint32_t handle) {
    handles_[handle - connections_max] = {};
    early_ &= ~(std::uint64_t{1} << (handle - connections_max));
  }

  /// Makes a handle of an exclusive connection that was opened before it was known that there is a
  /// cluster. Its user goes on to know it by the number of the connection. Call this for all of
  /// them before add().
  void adopt(std::uint32_t connection) {
    handles_[connection] = {.is_held = true, .connection = static_cast<std::uint8_t>(connection)};
    early_ |= std::uint64_t{1} << connection;
  }
  /// The handle that a user knows by this number.
  std::uint32_t handle_of(std::uint32_t number) const {
    const bool is_early = number < connections_max && (early_ >> number & 1) != 0;
    return is_early ? number + connections_max : number;
  }

  bool has(std::uint32_t handle) const { return handles_[handle - connections_max].is_held; }
  std::uint32_t connection(std::uint32_t handle) const {
    return handles_[handle - connections_max].connection;
  }
  void set_connection(std::uint32_t handle, std::uint32_t connection) {
    handles_[handle - connections_max].connection = static_cast<std::uint8_t>(connection);
  }

  /// How many of them stand for no connection.
  std::size_t without_connection() const {
    std::size_t count = 0;
    for (const Handle& each : handles_) count += each.is_held && each.connection == none;
    return count;
  }

 private:
  struct Handle {
    bool is_held = false;
    std::uint8_t connection = none;
  };

  std::array<Handle, connections_max> handles_{};
  std::uint64_t early_ = 0;  // a bit for each that adopt() has made, by the connection's number
};

}  // namespace plimsoll::inline v0
