#include "plimsoll/native/bridge/shared/reply_queue.h"

#include <algorithm>
#include <new>
#include <utility>

namespace plimsoll::bridge {

struct ReplyQueue::Place {
  std::unique_ptr<Place> next;
  bool has_come = false;
  bool counts = false;  // in message_bytes_
  bool is_invalidation = false;
  std::uint64_t number = 0;  // in the order of places; a message has that of the place in front
  WireReply reply;
  PushBytes message;   // in place of a reply
  std::size_t at = 0;  // of the message

  std::size_t held = 0;  // bytes of memory, until it is taken whole

  bool counts_itself() const { return message && message->counts_itself(); }
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

// The one that hears of what is sent may be gone.
ReplyQueue::~ReplyQueue() {
  on_sent_ = nullptr;
  clear();
}

ReplyQueue::Place* ReplyQueue::expect() {
  if (!charge_.grow(sizeof(Place) + allocator_bytes)) return nullptr;
  auto made = std::make_unique<Place>();
  Place* const place = made.get();
  place->number = ++last_number_;
  (last_ == nullptr ? first_ : last_->next) = std::move(made);
  last_ = place;
  awaited_ += 1;
  return place;
}

void ReplyQueue::fill(Place& place, WireReply reply) {
  place.reply = std::move(reply);
  place.has_come = true;
  hold(place, place.reply.held_bytes());
  awaited_ -= 1;
  const Place* const expected = last_ready_ != nullptr ? last_ready_->next.get() : first_.get();
  if (last_come_ == nullptr || place.number > last_come_->number) last_come_ = &place;
  if (&place == expected) handle_ready(place);
}

void ReplyQueue::hold(Place& place, std::size_t bytes) {
  place.held = bytes;
  held_bytes_ += bytes;
  if (!place.counts_itself()) counted_bytes_ += bytes;
}

// The place follows the ready prefix, which now goes on to the next one that is awaited.
void ReplyQueue::handle_ready(Place& place) {
  for (Place* each = &place; each != nullptr && each->has_come; each = each->next.get()) {
    ready_bytes_ += each->left();
    last_ready_ = each;
  }
}

bool ReplyQueue::add_message(PushBytes message) {
  Place* const made = insert_behind(last_ready_, std::move(message));
  if (made != nullptr) count(*made);
  return made != nullptr;
}

bool ReplyQueue::add_behind_all_come(PushBytes message) {
  Place* const made = insert_invalidation(last_come_, std::move(message));
  if (made != nullptr) count(*made);
  return made != nullptr;
}

bool ReplyQueue::add_behind(Place& place, PushBytes message) {
  return insert_invalidation(&place, std::move(message)) != nullptr;
}

void ReplyQueue::count(Place& message) {
  message.counts = true;
  message_bytes_ += message.left();
}

ReplyQueue::Place* ReplyQueue::insert_invalidation(Place* before, PushBytes message) {
  Place* const made = insert_behind(before, std::move(message));
  if (made == nullptr) return nullptr;
  made->is_invalidation = true;
  ++invalidations_;
  return made;
}

// `before` is null: in front of all. Returns null if there is no memory.
ReplyQueue::Place* ReplyQueue::insert_behind(Place* before, PushBytes message) {
  if (!charge_.grow(sizeof(Place) + allocator_bytes)) return nullptr;
  auto made = std::make_unique<Place>();
  Place& place = *made;
  place.has_come = true;
  place.number = before != nullptr ? before->number : 0;
  place.message = std::move(message);
  hold(place, place.left());
  std::unique_ptr<Place>& link = before != nullptr ? before->next : first_;
  place.next = std::move(link);
  link = std::move(made);
  if (!place.next) last_ = &place;
  const bool is_last = last_come_ == nullptr || last_come_->number < place.number;
  if (is_last || before == last_come_) last_come_ = &place;
  if (before == last_ready_) handle_ready(place);
  return &place;
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
  if (first_->counts) message_bytes_ -= first_->message->bytes().size();
  if (first_->is_invalidation) {
    --invalidations_;
    if (on_sent_) on_sent_(first_->message);
  }
  held_bytes_ -= first_->held;
  if (!first_->counts_itself()) counted_bytes_ -= first_->held;
  if (last_ready_ == first_.get()) last_ready_ = nullptr;
  if (last_come_ == first_.get()) last_come_ = nullptr;
  if (last_ == first_.get()) last_ = nullptr;
  first_ = std::move(first_->next);
  charge_.shrink(sizeof(Place) + allocator_bytes);
}

void ReplyQueue::clear() {
  while (first_) pop();
  ready_bytes_ = awaited_ = 0;
}

}  // namespace plimsoll::bridge
