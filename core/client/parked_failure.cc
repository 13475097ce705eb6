#include "plimsoll/core/client/parked_failure.h"

#include <cstdint>
#include <span>

#include "plimsoll/core/base/text_writer.h"

namespace plimsoll::inline v0 {

Error ParkedFailure::of(const Ended& ended, ParkedRequests& parked, const Error& closed,
                        Instant now) {
  Error error{.code = ended.code, .executed = ended.executed, .what = closed.what};
  if (ended.code == ErrorCode::cancelled) error.what = "the request was cancelled";
  if (ended.code != ErrorCode::timed_out) return error;
  if (tags::is_whole(ended.tag)) {
    error.what = "the request's deadline passed before all of its parts were answered";
    return error;
  }
  const ParkedRequests::Request* const request = parked.find(ended.id);
  error.what = request == nullptr
                   ? "the request's deadline passed while it waited for a node of the cluster"
                   : words_of(*request, now);
  return error;
}

const char* ParkedFailure::words_of(const ParkedRequests::Request& request, Instant now) {
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
  }
  node_ = routes_.target_of(request, now);
  if (!nodes_.has(node_)) {
    node_ = no_node;
    words.append(is_for_node ? "a node that owns slots" : ", and no node is known to own it");
  } else {
    const ClusterNode& node = nodes_[node_];
    words.append(is_for_node ? "" : ", ");
    words.append(node.address.host().substr(0, host_max));
    words.append(":");
    words.append(std::uint64_t{node.address.port()});
    if (node.state != ClusterNode::State::ready && *node.problem.what != '\0') {
      words.append(": ");
      words.append(node.problem.what);
    } else if (node.state != ClusterNode::State::ready) {
      words.append(", to which there is no connection yet");
    } else if (request.journey.waits > 0) {
      words.append(", which could not serve it when it was asked");
    }
  }
  text_[words.text().size()] = '\0';
  return text_.data();
}

}  // namespace plimsoll::inline v0
