#include "plimsoll/core/client/owner_question.h"

#include <algorithm>

#include "plimsoll/core/client/error_words.h"
#include "plimsoll/core/cluster/redirection.h"

namespace plimsoll::inline v0 {
namespace {

bool says_nothing_of_slots(ErrorCode code) {
  switch (code) {
    case ErrorCode::cluster_redirect:
    case ErrorCode::cluster_down:
    case ErrorCode::server_loading:
    case ErrorCode::primary_down: return false;
    default: return true;
  }
}

}  // namespace

void OwnerQuestion::note_key(std::string_view key) {
  if (key.size() > noted_.size()) return;
  std::copy(key.begin(), key.end(), noted_.begin());
  noted_size_ = static_cast<std::uint8_t>(key.size());
  noted_slot_ = slot_of_key(key);  // a command for a chosen node goes by another slot
}

void OwnerQuestion::want(Slot slot, NodeNumber owner, Instant now) {
  if (is_taken()) return;
  slot_ = slot;
  owner_ = owner;
  due_at_ = asked_at_ == Instant::min()
                ? now
                : std::max(now, after(asked_at_, ViewSchedule::urgent_interval));
}

// A node that owns nothing may be one that was replaced and has not heard of it. And a replica
// would serve what its primary owns.
bool OwnerQuestion::may_be_asked(NodeNumber number, Instant now) const {
  return number != owner_ && nodes_.has(number) && nodes_.may_send_to(number) &&
         nodes_[number].slots > 0 && !nodes_[number].is_suspect(now);
}

bool OwnerQuestion::ask(Instant now) {
  due_at_ = never;
  asked_at_ = now;  // also if nobody can be asked: who waits wants it again at each turn
  const NodeNumber end = nodes_.end();
  for (std::uint32_t i = 1; i <= end; ++i) {
    const auto number = static_cast<NodeNumber>((asked_last_ + i) % end);
    if (!may_be_asked(number, now)) continue;
    ClusterNode& node = nodes_[number];
    const std::array<std::string_view, 2> words = {"EXISTS", key_of(slot_)};
    CommandView question;
    question.args = words;
    if (!node.owes()) node.quiet_since = now;
    nodes_.stir(number);
    if (!node.session->submit_internal(question, internal_owner)) return false;
    asked_ = asked_last_ = number;
    asked_incarnation_ = node.incarnation;
    is_asking_ = true;
    return true;
  }
  return false;
}

std::string_view OwnerQuestion::key_of(Slot slot) {
  if (slot == noted_slot_) return {noted_.data(), noted_size_};
  short_key_ = short_key_in(slot);
  return {short_key_.data(), short_key_.size()};
}

std::optional<OwnerQuestion::Answer> OwnerQuestion::handle_outcome(NodeNumber number,
                                                                   const Event& event,
                                                                   Instant now) {
  const bool is_late =
      !is_asking_ || asked_ != number || asked_incarnation_ != nodes_[number].incarnation;
  if (is_late) return std::nullopt;
  is_asking_ = false;
  Answer answer{.slot = slot_, .asked = number};
  // A server that answers anything else does not know the command.
  if (event.error == nullptr && event.value && event.value->as_integer()) {
    answer.owner = number;
    return answer;
  }
  const ErrorWords words(event.value);
  const std::optional<Redirection> redirection = read_redirection(words.view());
  if (redirection && redirection->slot == slot_ && redirection->kind == Redirection::Kind::moved) {
    const std::string_view host =
        redirection->host.empty() ? nodes_[number].address.host() : redirection->host;
    if (const auto address = NodeAddress::read(host, redirection->port)) {
      answer.owner = nodes_.find_or_add(*address, {});
    }
  } else if (event.value && (event.error == nullptr || says_nothing_of_slots(event.error->code))) {
    refused_until_ = after(now, refused_wait);
  }
  return answer;
}

}  // namespace plimsoll::inline v0
