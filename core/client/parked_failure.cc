#include "plimsoll/core/client/parked_failure.h"

#include <cstdint>
#include <span>

#include "plimsoll/core/cluster/node_address.h"

namespace plimsoll::inline v0 {

Error ParkedFailure::of(const Ended& ended, ParkedRequests& parked, const Error& closed,
                        Instant now) {
  Error error{.code = ended.code, .executed = ended.executed, .what = closed.what};
  if (ended.code == ErrorCode::cancelled) error.what = "the request was cancelled";
  if (ended.code != ErrorCode::timed_out) return error;
  if (tags::is_whole(ended.tag)) {
    error.what = parts_deadline_passed;
    return error;
  }
  const ParkedRequests::Request* const request = parked.find(ended.id);
  error.what = request == nullptr
                   ? "the request's deadline passed while it waited for a node of the cluster"
                   : deadline_passed(*request, now);
  return error;
}

const char* ParkedFailure::deadline_passed(const ParkedRequests::Request& request, Instant now) {
  node_ = no_node;
  if (request.is_for_main) {
    return "the request's deadline passed while it waited behind others for any node";
  }
  TextWriter words(std::span<char>(text_).first(text_max));
  words.append("the request's deadline passed while it waited for ");
  const bool is_for_node = request.journey.is_for_node;
  if (!is_for_node) {
    words.append("the owner of slot ");
    words.append(std::uint64_t{request.journey.slot});
    words.append(", ");
  }
  const NodeNumber target = routes_.target_of(request, now);
  if (nodes_.has(target)) {
    node_ = target;
    append_node(words, request.journey);
  } else {
    words.append(is_for_node ? "a node that owns slots" : "and no node is known to own it");
  }
  text_[words.text().size()] = '\0';
  return text_.data();
}

void ParkedFailure::append_node(TextWriter& words, const Journey& journey) const {
  const ClusterNode& node = nodes_[node_];
  std::array<char, NodeAddress::text_bytes_max> address;
  words.append(node.address.write(address));
  const bool is_ready = node.state == ClusterNode::State::ready;
  if (is_ready) {
    if (journey.waits > 0) words.append(", which could not serve it when it was asked");
  } else if (*node.problem.what == '\0') {
    words.append(", to which there is no connection yet");
  } else {
    words.append(": ");
    words.append(node.problem.what);
  }
}

}  // namespace plimsoll::inline v0
