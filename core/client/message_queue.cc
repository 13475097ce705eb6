#include "plimsoll/core/client/message_queue.h"

#include <utility>

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0 {
namespace {

// The most messages that one call of trim() drops.
constexpr int trimmed_at_once_max = 256;

}  // namespace

bool MessageQueue::push(Session& session, std::uint64_t gaps) {
  while (!append(session, gaps)) {
    switch (overflow_) {
      case OverflowPolicy::pause_reading: return false;
      case OverflowPolicy::drop_newest: lose_newest(); return true;
      case OverflowPolicy::drop_oldest: break;
    }
    if (empty() || !session.may_keep_reply()) {
      lose_newest();
      return true;
    }
    drop_oldest();
  }
  return true;
}

// Reserves the place in the queue first, because keep_reply() works only once per reply.
bool MessageQueue::append(Session& session, std::uint64_t gaps) {
  const auto placed =
      messages_.push_back({.reply = {}, .gaps = gaps, .lost = lost_before_next(session)});
  if (placed != Queue<Message>::Push::accepted) return false;
  Result<Reply> reply = session.keep_reply();
  if (!reply) {
    messages_.pop_back();
    return false;
  }
  reply_bytes_ += reply->charged_bytes();
  messages_.back().reply = *std::move(reply);
  return true;
}

MessageQueue::Message MessageQueue::take() {
  Message oldest = std::move(messages_.front());
  messages_.pop_front();
  reply_bytes_ -= oldest.reply.charged_bytes();
  ++left_;
  return oldest;
}

bool MessageQueue::trim() {
  if (pauses()) return false;
  const std::size_t excess = pushes_.excess();
  const std::size_t before = bytes();
  for (int i = 0; i < trimmed_at_once_max && !empty() && before - bytes() < excess; ++i) {
    overflow_ == OverflowPolicy::drop_oldest ? drop_oldest() : drop_newest();
  }
  return !empty() && pushes_.excess() > 0;
}

void MessageQueue::drop_oldest() {
  take();
  ++lost_oldest_;
}

void MessageQueue::drop_newest() {
  reply_bytes_ -= messages_.back().reply.charged_bytes();
  messages_.pop_back();
  lose_newest();
}

}  // namespace plimsoll::inline v0
