#pragma once

#include <cstdint>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/cluster/node_id.h"
#include "plimsoll/core/cluster/slot_set.h"
#include "plimsoll/core/resp/bytes_view.h"

// What a node of a cluster says of itself at one moment, as far as a walk over its keys needs it
// (walk.h): who it is, which slots it owns, and whether keys have come or gone since an earlier
// report. It is read from the answers to CLUSTER NODES, CLUSTER INFO, INFO server, INFO replication
// and INFO commandstats, which have to be given at one moment (MULTI).
//
// A node does not remember that a slot was away and came back. But it counts the commands that move
// keys: MIGRATE runs where keys leave, RESTORE-ASKING where they come, CLUSTER SETSLOT at both. A
// digest of such lines of INFO commandstats is the same in two reports only if none of these
// commands has run between them. The lines also have the time that was used, and with them goes the
// line of CONFIG RESETSTAT, so that counts that begin again are noticed.

namespace plimsoll::inline v0 {

struct SelfReport {
  NodeId id{};
  bool is_primary = false;
  bool is_serving = false;  ///< cluster_state:ok

  /// The slots that it owns, without those that are on their way to or from it.
  SlotSet at_rest{};

  /// Differs if the process is another one, or has been a replica in the meantime.
  std::uint64_t identity = 0;
  /// Differs if keys may have come from another node. A node to which a whole slot comes has
  /// another config epoch then.
  std::uint64_t came = 0;
  /// Differs if keys may have left to another node.
  std::uint64_t left = 0;
  /// Differs if a slot may have changed its state or its owner.
  std::uint64_t settled = 0;

  /// Reads the text of CLUSTER NODES: only the line that the node has for itself, which is one of
  /// many in up to 90 KB. Fails with protocol_error if there is none, or it is not as expected.
  Status read_nodes(const BytesView& text);
  /// Reads the text of CLUSTER INFO, or of a section of INFO.
  void read_fields(const BytesView& text);
  /// Fails with protocol_error if something is missing that has to be known: call this when all has
  /// been read.
  Status check() const;

 private:
  void read_field(std::string_view line);
  void note_command(std::string_view name, std::uint64_t digest);

  bool has_run_ = false;
  bool has_history_ = false;
  bool has_state_ = false;
  bool has_commands_ = false;
};

}  // namespace plimsoll::inline v0
