#include "plimsoll/core/client/message_queue.h"

#include <utility>

#include "plimsoll/core/base/check.h"

namespace plimsoll {

void MessageQueue::push(Session& session, std::uint64_t gaps) {
  if (size_ == messages_max_) drop_oldest();
  while (!append(session, gaps)) {
    if (empty() || !session.may_keep_reply()) {
      ++lost_newest_;
      return;
    }
    drop_oldest();
  }
}

bool MessageQueue::append(Session& session, std::uint64_t gaps) {
  Box<Message> message = Box<Message>::make(pushes_, 0);
  if (!message) return false;
  Result<Reply> reply = session.keep_reply();
  if (!reply) return false;
  message->reply = *std::move(reply);
  message->gaps = gaps;
  message->lost = lost_before_next(session);
  Message* const added = message.get();
  (last_ == nullptr ? first_ : last_->next) = std::move(message);
  last_ = added;
  ++size_;
  return true;
}

void MessageQueue::drop_oldest() {
  pop();
  ++lost_oldest_;
}

void MessageQueue::pop() {
  PLIMSOLL_CHECK(size_ > 0);
  first_ = std::move(first_->next);
  if (--size_ == 0) last_ = nullptr;
}

void MessageQueue::clear() {
  while (!empty()) pop();
}

}  // namespace plimsoll
