#include "plimsoll/core/client/cluster_verdicts.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "plimsoll/core/client/error_words.h"
#include "plimsoll/core/client/handed_request.h"

namespace plimsoll::inline v0 {
namespace {

// How long a request waits that a node has not run, at first and at most: while its keys are on
// their way; while nobody serves its slot; and from its second redirection on.
constexpr Duration try_again_min = std::chrono::milliseconds(1);
constexpr Duration try_again_max = std::chrono::milliseconds(16);
constexpr Duration down_again_min = std::chrono::milliseconds(10);
constexpr Duration down_again_max = std::chrono::milliseconds(500);
constexpr Duration hop_again_min = std::chrono::milliseconds(1);
constexpr Duration hop_again_max = std::chrono::milliseconds(128);

constexpr std::string_view slot_has_no_owner = "CLUSTERDOWN Hash slot not served";

static_assert(redirects_limit <= Journey::hops_max);

}  // namespace

ClusterVerdicts::Verdict ClusterVerdicts::of_failure(NodeNumber number, const Event& event,
                                                     bool may_resend, const Journey& journey,
                                                     Instant now) {
  // An answer is no loss, whatever it says: who answers at once could be asked without an end.
  if (event.value) return of_refusal(number, event, journey, now);
  switch (event.error->code) {
    case ErrorCode::lost_unsent: ++counters_.sent_again; return {.kind = Verdict::Kind::goes_on};
    case ErrorCode::lost_in_doubt:
      if (!may_resend || main_.options().read_resends_max == 0 ||
          journey.hops >= options_.redirects_max) {
        return {};
      }
      ++counters_.sent_again;
      return {.kind = Verdict::Kind::goes_on, .is_hop = true};
    default: return of_refusal(number, event, journey, now);
  }
}

ClusterVerdicts::Verdict ClusterVerdicts::judge(NodeNumber number, const Event& event,
                                                const Pipeline::Handed& request,
                                                const Journey& journey, Instant now) {
  const ClusterNode& node = nodes_[number];
  if (event.error->code == ErrorCode::transaction_aborted) {
    return node.part_of == request.id ? node.part_verdict : Verdict();
  }
  return of_failure(number, event, request.may_resend, journey, now);
}

bool ClusterVerdicts::take_part(NodeNumber number, const Event& event, Instant now) {
  ClusterNode& node = nodes_[number];
  const RequestId id = node.session->answered_until();
  if (node.part_of == id) return true;
  const std::optional<SentRequests::Request> sent = node.sent.find(id);
  if (sent && sent->journey.with_asking && is_first_part(*node.session, event)) return true;
  const Verdict verdict = sent ? of_refusal(number, event, sent->journey, now) : Verdict();
  if (verdict.kind == Verdict::Kind::told) return false;
  node.part_of = id;
  node.part_verdict = verdict;
  return true;
}

ClusterVerdicts::Verdict ClusterVerdicts::of_refusal(NodeNumber number, const Event& event,
                                                     const Journey& journey, Instant now) {
  const ErrorWords words(event.value);
  Verdict again{.kind = Verdict::Kind::goes_on};
  switch (event.error->code) {
    case ErrorCode::cluster_redirect: {
      const std::optional<Redirection> redirection = read_redirection(words.view());
      // A script may say so of another slot, and has run.
      if (!redirection || redirection->slot != journey.slot) return {};
      if (journey.hops >= options_.redirects_max) return {};
      return of_redirection(number, *redirection, journey, now);
    }
    case ErrorCode::server_error:
      // A node that becomes a replica says so to who blocks there. CLIENT UNBLOCK with ERROR begins
      // with the same word, but is an end that somebody wanted.
      if (!words.view().starts_with("UNBLOCKED force")) return {};
      slots_.want_owner(journey.slot, now);
      again.wait = wait_of(journey.waits, down_again_min, down_again_max);
      break;
    case ErrorCode::cluster_down:
      if (words.view().starts_with("TRYAGAIN")) {
        again.wait = wait_of(journey.waits, try_again_min, try_again_max);
        break;
      }
      [[fallthrough]];
    case ErrorCode::read_only_replica:
    case ErrorCode::server_loading:
    case ErrorCode::primary_down:
      // Other nodes would say the same of a slot without an owner; a view may say who has it.
      if (words.view() == slot_has_no_owner) {
        slots_.want_view(now, ViewSchedule::Need::urgent);
      } else {
        slots_.want_owner(journey.slot, now);
      }
      again.wait = wait_of(journey.waits, down_again_min, down_again_max);
      break;
    default: return {};
  }
  ++counters_.sent_again;
  return again;
}

ClusterVerdicts::Verdict ClusterVerdicts::of_redirection(NodeNumber number,
                                                         const Redirection& redirection,
                                                         const Journey& journey, Instant now) {
  Verdict verdict{.kind = Verdict::Kind::goes_on, .is_hop = true};
  // While two nodes send a request to each other, until they agree, it waits longer each time.
  if (journey.hops > 0) verdict.wait = wait_of(journey.hops - 1, hop_again_min, hop_again_max);
  const std::string_view host =
      redirection.host.empty() ? nodes_[number].address.host() : redirection.host;
  const auto address = NodeAddress::read(host, redirection.port);
  const auto there = address ? nodes_.find_or_add(*address, {}) : std::nullopt;
  if (there && redirection.kind == Redirection::Kind::ask) {
    ++counters_.asked;
    verdict.asked = *there;
    return verdict;
  }
  ++counters_.moved;
  if (there == number) {
    // Behind a name there may be another server by now.
    nodes_[number].is_leaving = true;
    slots_.want_view(now, ViewSchedule::Need::urgent);
  } else if (!there || !nodes_[*there].may_be_awaited(now)) {
    slots_.handle_contradiction(redirection.slot, number, now);
    verdict.wait = wait_of(journey.hops, down_again_min, down_again_max);
  } else {
    slots_.learn(redirection.slot, *there);
    slots_.handle_redirection(number, now);
  }
  return verdict;
}

Duration ClusterVerdicts::wait_to_connect(const Journey& journey) {
  return wait_of(journey.waits, down_again_min, down_again_max);
}

// The wait doubles from `at_first` to `at_most`; half of it is drawn, so that many requests, and
// many clients, do not come back together.
Duration ClusterVerdicts::wait_of(int count, Duration at_first, Duration at_most) {
  Duration wait = at_first;
  for (int i = 0; i < count && wait < at_most; ++i) wait *= 2;
  wait = std::min(wait, at_most);
  return wait / 2 + wait / 2 * static_cast<int>(random_.next() >> 24) / 256;
}

void count_in(Journey& journey, const ClusterNode::Verdict& verdict) {
  if (verdict.is_hop) {
    ++journey.hops;
  } else if (journey.waits < Journey::waits_max) {
    ++journey.waits;
  }
}

}  // namespace plimsoll::inline v0
