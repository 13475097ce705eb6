#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/client/client.h"
#include "plimsoll/wasm/abi_types.h"
#include "plimsoll/wasm/node_walk.h"

// Writes events and values to PlimsollOutbox::area for the host to read: records and nodes from the
// front, copies of their bytes from the back. The core's values become invalid with its next call;
// the copies let many events cross in one call. A value that is too large is not copied: its nodes
// are written a part at a time, and its bytes stay in place.

namespace plimsoll::wasm {

class Area {
 public:
  explicit Area(std::span<double> place);

  /// Empties the area.
  void clear();

  /// Adds the event with a copy of its whole value. Returns false, and adds nothing, if there is no
  /// room.
  bool add(const Event& event, const MessagesMissed& missed);

  /// Adds the event to an empty area with as many nodes of its value as fit; `walk` continues with
  /// the rest.
  void add_begin(const Event& event, const MessagesMissed& missed, NodeWalk& walk);

  /// Adds a copy of the whole value and counts its nodes in `nodes`. Returns false if there is no
  /// room; some of it may have been added then: clear() before further use.
  bool add_value(NodeWalk walk, std::uint32_t& nodes);

  /// Adds one string, whose bytes stay in place.
  void add_text(std::string_view text);

  /// Adds nodes until the area is full. Returns how many. Their bytes stay in place.
  std::uint32_t add_nodes(NodeWalk& walk);

 private:
  template <class T>
  T* take();
  const char* copy(std::string_view bytes);
  bool add_string(const Node& node, NodeWalk& walk, PlimsollNode& out);
  PlimsollEventRecord* add_record(const Event& event, const MessagesMissed& missed);

  char* const begin_;
  char* const end_;
  char* front_;
  char* back_;
};

}  // namespace plimsoll::wasm
