#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "plimsoll/tests/support/fault_proxy.h"
#include "plimsoll/tests/support/loopback.h"

// Inside FaultProxy only: one connection through it, which is two sockets and two ways. Its thread
// calls pump() after every wait, whatever it was woken for.

namespace plimsoll::testing {

/// A connection that is to be cut in place of the byte behind the first `bytes` of one direction.
struct PlannedCut {
  Direction direction;
  std::size_t bytes;
  Cut cut;
};

class FaultProxyLink {
 public:
  /// What becomes of the bytes that go one way.
  enum class Mode : std::uint8_t { passing, stalled, swallowing };

  FaultProxyLink(Descriptor client, Descriptor server, Mode mode, std::optional<PlannedCut> plan);
  FaultProxyLink(const FaultProxyLink&) = delete;
  FaultProxyLink& operator=(const FaultProxyLink&) = delete;

  /// Moves what can be moved both ways.
  void pump();

  /// What to wait for before pump() may move something more: (descriptor, poll events) each way, a
  /// negative descriptor for nothing.
  struct Wanted {
    int descriptor = -1;
    short events = 0;
  };
  std::array<Wanted, 2> wanted() const;

  /// Both sides have ended, or the connection was reset.
  bool over() const;

  void reset();
  void swallow();
  void stall();
  void cut(Cut how);
  void heal();

  /// Bytes that were let through.
  std::uint64_t passed(Direction direction) const { return way(direction).passed; }

 private:
  struct Way {
    Descriptor& from;
    Descriptor& to;
    Mode mode;
    std::size_t passed = 0;
    std::string held = {};    // read, and not written yet
    bool from_ended = false;  // nothing more to read
  };

  const Way& way(Direction direction) const { return ways_[static_cast<std::size_t>(direction)]; }
  bool broken() const { return !client_.open(); }
  void pump(Direction direction, Way& way);
  bool read(Direction direction, Way& way);
  bool write(Way& way);
  void cut(Way& way, Cut how);

  Descriptor client_;
  Descriptor server_;
  std::array<Way, 2> ways_;
  std::optional<PlannedCut> plan_;
};

}  // namespace plimsoll::testing
