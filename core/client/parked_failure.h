#pragma once

#include <array>
#include <cstddef>

#include "plimsoll/core/base/error.h"
#include "plimsoll/core/base/text_writer.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/client/cluster_nodes.h"
#include "plimsoll/core/client/parked_requests.h"
#include "plimsoll/core/client/parked_routes.h"
#include "plimsoll/core/cluster/slot_table.h"
#include "plimsoll/core/session/pipeline.h"

namespace plimsoll::inline v0 {

/// The error of a request that has ended while it was parked. If its deadline has passed, the words
/// say for which slot and node it waited, and what is known of that node.
class ParkedFailure {
 public:
  /// Of a request that was sent in parts.
  static constexpr const char* parts_deadline_passed =
      "the request's deadline passed before all of its parts were answered";

  /// Both must outlive this object.
  ParkedFailure(const ClusterNodes& nodes, const ParkedRoutes& routes)
      : nodes_(nodes), routes_(routes) {}

  /// `closed`: the refusal of a client that is over. Valid until the next call.
  Error of(const Ended& ended, ParkedRequests& parked, const Error& closed, Instant now);

  /// For one whose deadline has passed while the request, which is parked and may be another's,
  /// goes on. Valid until the next call.
  const char* deadline_passed(const ParkedRequests::Request& request, Instant now);

  /// The node for which the request waited that has ended with this error; no_node: it waited for
  /// none, or the error is none of the last that was made here.
  NodeNumber node_of(const Error& error) const {
    return error.what == text_.data() ? node_ : no_node;
  }

 private:
  void append_node(TextWriter& words, const Journey& journey) const;

  // Longer words are cut off.
  static constexpr std::size_t text_max = 300;

  const ClusterNodes& nodes_;
  const ParkedRoutes& routes_;
  NodeNumber node_ = no_node;
  std::array<char, text_max + 1> text_{};
};

}  // namespace plimsoll::inline v0
