#include "plimsoll/native/bridge/shared/reply_queue.h"

#include <algorithm>
#include <new>
#include <utility>

namespace plimsoll::bridge {

struct ReplyQueue::Place {
  std::unique_ptr<Place> next;
  bool is_ready = false;
  WireReply reply;
  PushBytes message;   // in place of a reply
  std::size_t at = 0;  // of the message

  std::size_t held = 0;  // bytes of memory, until it is taken whole

  std::size_t left() const { return message ? message->bytes().size() - at : reply.left(); }

  std::size_t take(std::span<char> space) {
    if (!message) return reply.take(space);
    const std::string_view rest = message->bytes().substr(at, space.size());
    std::copy(rest.begin(), rest.end(), space.begin());
    at += rest.size();
    return rest.size();
  }
};

namespace {

// What the allocator adds to a place, approximately.
constexpr std::size_t allocator_bytes = 16;

}  // namespace

ReplyQueue::ReplyQueue(Account& account) : charge_(account) {}

ReplyQueue::~ReplyQueue() { clear(); }

ReplyQueue::Place* ReplyQueue::expect() {
  if (!charge_.grow(sizeof(Place) + allocator_bytes)) return nullptr;
  auto made = std::make_unique<Place>();
  Place* const place = made.get();
  (last_ == nullptr ? first_ : last_->next) = std::move(made);
  last_ = place;
  awaited_ += 1;
  return place;
}

void ReplyQueue::fill(Place& place, WireReply reply) {
  place.reply = std::move(reply);
  place.is_ready = true;
  place.held = place.reply.held_bytes();
  held_bytes_ += place.held;
  awaited_ -= 1;
  const Place* const expected = last_ready_ != nullptr ? last_ready_->next.get() : first_.get();
  if (&place == expected) handle_ready(place);
}

// The place follows the ready prefix, which now goes on to the next one that is awaited.
void ReplyQueue::handle_ready(Place& place) {
  for (Place* each = &place; each != nullptr && each->is_ready; each = each->next.get()) {
    ready_bytes_ += each->left();
    last_ready_ = each;
  }
}

bool ReplyQueue::add_message(PushBytes message) {
  if (!charge_.grow(sizeof(Place) + allocator_bytes)) return false;
  auto made = std::make_unique<Place>();
  made->is_ready = true;
  made->message = std::move(message);
  made->held = made->left();
  held_bytes_ += made->held;
  ready_bytes_ += made->left();
  message_bytes_ += made->left();
  std::unique_ptr<Place>& before = last_ready_ != nullptr ? last_ready_->next : first_;
  made->next = std::move(before);
  before = std::move(made);
  last_ready_ = before.get();
  if (!last_ready_->next) last_ = last_ready_;
  return true;
}

std::size_t ReplyQueue::take(std::span<char> space) {
  std::size_t taken = 0;
  while (last_ready_ != nullptr && taken < space.size()) {
    taken += first_->take(space.subspan(taken));
    if (first_->left() == 0) pop();
  }
  ready_bytes_ -= taken;
  return taken;
}

void ReplyQueue::pop() {
  if (first_->message) message_bytes_ -= first_->message->bytes().size();
  held_bytes_ -= first_->held;
  if (last_ready_ == first_.get()) last_ready_ = nullptr;
  if (last_ == first_.get()) last_ = nullptr;
  first_ = std::move(first_->next);
  charge_.shrink(sizeof(Place) + allocator_bytes);
}

void ReplyQueue::clear() {
  while (first_) pop();
  ready_bytes_ = awaited_ = 0;
}

}  // namespace plimsoll::bridge
