#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/client/client.h"
#include "plimsoll/wasm/abi_types.h"
#include "plimsoll/wasm/node_walk.h"

// Where events and values are told (PlimsollOutbox::area): records and nodes from the front, copies
// of their bytes from the back. So many events cross at a time, each of whose values the core
// would give out for a moment only. A value that is too large is told where it lies, a part at a
// time.

namespace plimsoll::wasm {

class Area {
 public:
  explicit Area(std::span<double> place);

  /// Nothing is told any more.
  void clear();

  /// Tells the event with a copy of its whole value. False: there is no room for it; nothing was
  /// added.
  bool add(const Event& event, const MessagesMissed& missed);

  /// Tells the event, alone, with as much of its value as there is room for: `walk` has the rest.
  void add_begin(const Event& event, const MessagesMissed& missed, NodeWalk& walk);

  /// Adds a copy of the whole value. False: as above.
  bool add_value(NodeWalk walk, std::uint32_t& nodes);

  /// Adds one string, which stays where it is.
  void add_text(std::string_view text);

  /// Adds nodes as far as there is room, and returns how many. Their bytes stay where they are.
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
