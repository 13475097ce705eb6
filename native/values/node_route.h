#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <string>
#include <string_view>
#include <utility>

#include "plimsoll/core/cluster/node_choice.h"

namespace plimsoll::inline v0::native {

/// The nodes of a cluster at which Client::at() runs a command. Holds a copy of what names them.
class NodeRoute {
 public:
  using Kind = NodeChoice::Kind;

  /// Each primary that owns slots. The reply is a map from their addresses to their replies; a
  /// reply may be an error.
  static NodeRoute all_primaries() { return NodeRoute(Kind::all_primaries, {}); }
  /// Any primary; they take turns.
  static NodeRoute any_primary() { return NodeRoute(Kind::any_primary, {}); }
  /// The primary that serves the slot of this key, which need not exist.
  static NodeRoute owner_of(std::string_view key) { return NodeRoute(Kind::owner, key); }
  /// The primary with this address, as topology() has it: "host:port". If another node serves its
  /// slots by the time at which the command is sent, that one runs it.
  static NodeRoute address(std::string_view address) { return NodeRoute(Kind::address, address); }

  Kind kind() const { return kind_; }
  /// The key or the address; empty for the other two.
  const std::string& text() const { return text_; }

 private:
  NodeRoute(Kind kind, std::string_view text) : kind_(kind), text_(text) {}

  Kind kind_;
  std::string text_;
};

}  // namespace plimsoll::inline v0::native
