#pragma once

#include <cstdint>

#include "plimsoll/core/base/random.h"
#include "plimsoll/core/client/cluster_counters.h"
#include "plimsoll/core/client/cluster_nodes.h"
#include "plimsoll/core/client/cluster_options.h"
#include "plimsoll/core/client/cluster_slots.h"
#include "plimsoll/core/cluster/redirection.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// Decides what becomes of a request that a node of a cluster has not run: whether it goes on,
/// where, and after which wait. What the node has said of a slot's owner is learnt.
class ClusterVerdicts {
 public:
  using Verdict = ClusterNode::Verdict;

  /// All must outlive this object.
  ClusterVerdicts(const ClusterOptions& options, const Session& main, ClusterNodes& nodes,
                  ClusterSlots& slots)
      : options_(options),
        main_(main),
        nodes_(nodes),
        slots_(slots),
        random_(main.options().random_seed) {}

  /// How long a request waits before one more connection is opened for it.
  Duration wait_to_connect(const Journey& journey);

  /// `event`: the failure that the node's connection reports of a request. `may_resend`: it is a
  /// read, and may have run already.
  Verdict of_failure(NodeNumber number, const Event& event, bool may_resend, const Journey& journey,
                     Instant now);
  /// of_failure(), but of a request that the node's session hands back. EXEC says only that none of
  /// its commands has run: what becomes of it was said by the first of them that was refused.
  Verdict judge(NodeNumber number, const Event& event, const Pipeline::Handed& request,
                const Journey& journey, Instant now);
  /// A command of a transaction was refused. Returns false if that is for the caller.
  bool take_part(NodeNumber number, const Event& event, Instant now);
  /// `event` has the error with which the node has answered the request, or a command of it.
  Verdict of_refusal(NodeNumber number, const Event& event, const Journey& journey, Instant now);

  /// ClusterCounters::moved, asked and sent_again.
  const ClusterCounters& counters() const { return counters_; }

 private:
  Verdict of_redirection(NodeNumber number, const Redirection& redirection, const Journey& journey,
                         Instant now);
  Duration wait_of(int count, Duration at_first, Duration at_most);

  const ClusterOptions& options_;
  const Session& main_;
  ClusterNodes& nodes_;
  ClusterSlots& slots_;
  SmallRandom random_;
  ClusterCounters counters_;
};

/// Counts in `journey` what a verdict lets a request do.
void count_in(Journey& journey, const ClusterNode::Verdict& verdict);

}  // namespace plimsoll::inline v0
