#include "plimsoll/native/bridge/replies/owed_replies.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string_view>
#include <utility>

namespace plimsoll::bridge {
namespace {

// What a status, a number, or the answer to a command that MULTI queues takes at most.
constexpr std::size_t short_bytes = 32;

// What a confirmation takes besides the channel's name.
constexpr std::size_t confirmation_bytes = 32;

// After a large reply, how fast its size is forgotten: by an eighth with each smaller one.
constexpr std::size_t forgetting = 8;

std::uint32_t to_32(std::size_t bytes) {
  return static_cast<std::uint32_t>(std::min<std::size_t>(bytes, UINT32_MAX));
}

// Of confirmations, as servers write it.
std::string_view word_of(Answer answer) {
  switch (answer) {
    case Answer::subscribe: return "subscribe";
    case Answer::psubscribe: return "psubscribe";
    case Answer::ssubscribe: return "ssubscribe";
    case Answer::unsubscribe: return "unsubscribe";
    case Answer::punsubscribe: return "punsubscribe";
    case Answer::sunsubscribe: return "sunsubscribe";
    default: return {};
  }
}

bool is_message(std::string_view word) {
  return word == "message" || word == "pmessage" || word == "smessage";
}

}  // namespace

Room OwedReplies::room_for(const Passing& request, std::size_t unsent) {
  if (!has_room_for_reply(request, unsent)) return Room::later;
  return kept_.room_for(request, is_queueing_, requests_bytes_);
}

bool OwedReplies::has_room_for_reply(const Passing& request, std::size_t unsent) {
  if (count_ == 0) return true;
  if (is_full()) return false;
  if (requests_bytes_ + request.bytes > request_bytes_ahead_max) return false;
  if (unsent + replies_bytes_ + foresee(request) > window_.reply_bytes_ahead_max) return false;
  return count_ < places() || grow();
}

// How many bytes the reply will have, as far as that can be told. A server may refuse MULTI, and
// would then answer what follows at once: only what it says itself counts.
std::size_t OwedReplies::foresee(const Passing& request) const {
  const bool is_queued = is_queueing_ && has_taken_multi_ && request.answer == Answer::one;
  return is_queued ? short_bytes : foresee_outside_multi(request);
}

std::size_t OwedReplies::foresee_outside_multi(const Passing& request) const {
  if (request.answer == Answer::exec) return queued_bytes_ + short_bytes;
  if (is_confirmed(request.answer)) {
    // Each confirmation repeats the channel's name. Without names it is of all channels.
    const bool is_of_all = request.count == 0 && kept_.subscriptions() > 0;
    return is_of_all ? window_.reply_bytes_ahead_max
                     : request.bytes + request.count * confirmation_bytes;
  }
  if (request.answer != Answer::one) return short_bytes;
  if (const auto known = sizes_.find(request.fingerprint)) return *known;
  return std::max(usual_bytes_, window_.reply_bytes_ahead_max / unknown_replies_max);
}

void OwedReplies::add(const Passing& request, std::uint32_t now) {
  const std::size_t reply_bytes = foresee(request);
  std::uint32_t fingerprint = request.fingerprint;
  if (is_queueing_ || request.answer != Answer::one) {
    fingerprint = 0;  // the reply is not that of the command
  } else if (!sizes_.find(fingerprint)) {
    // Until it is known, the same request has to wait, of all clients.
    sizes_.note(fingerprint, window_.reply_bytes_ahead_max);
  }
  const bool is_queued = is_queueing_;
  note_multi(request);
  count_ += 1;
  Request& last = at(count_ - 1);
  last = {.bytes = to_32(request.bytes),
          .reply_bytes = to_32(reply_bytes),
          .fingerprint = fingerprint,
          .count = request.count,
          .words = request.words,
          .sent_at = now,
          .answer = request.answer,
          .has_begun = false,
          .is_queued = is_queued};
  requests_bytes_ += last.bytes;
  replies_bytes_ += last.reply_bytes;
}

void OwedReplies::note_multi(const Passing& request) {
  switch (request.answer) {
    case Answer::multi:
      multis_owed_ += 1;
      // Within MULTI it is an error, and not every server forgets for that what it has queued.
      if (is_queueing_) return;
      is_queueing_ = true;
      has_taken_multi_ = false;
      queued_bytes_ = 0;
      return;
    case Answer::exec:
    case Answer::discard: is_queueing_ = false; return;
    default:
      if (is_queueing_) queued_bytes_ += foresee_outside_multi(request);
  }
}

// MULTI is answered. An error says that the server does not queue, except to a MULTI within MULTI.
void OwedReplies::handle_multi() {
  multis_owed_ -= 1;
  if (multis_owed_ > 0 || has_taken_multi_) return;
  has_taken_multi_ = kept_.is_in_transaction();
  is_queueing_ = is_queueing_ && has_taken_multi_;
}

bool OwedReplies::grow() {
  const std::size_t wanted = many_ ? 2 * places() : first_many;
  Block larger = Block::allocate(
      account_, std::min<std::size_t>(wanted, window_.requests_in_flight_max) * sizeof(Request));
  if (!larger) return false;
  auto* const requests = static_cast<Request*>(larger.data());
  for (std::uint32_t i = 0; i < count_; ++i) requests[i] = at(i);
  many_ = std::move(larger);
  first_ = 0;
  return true;
}

OwedReplies::Request& OwedReplies::at(std::size_t place) {
  Request* const requests = many_ ? static_cast<Request*>(many_.data()) : few_.data();
  return requests[(first_ + place) % places()];
}

std::span<char> OwedReplies::follow(std::span<char> bytes, std::uint32_t now) {
  std::string_view in(bytes.data(), bytes.size());
  char* const begin = bytes.data() - held_bytes();
  char* out = begin;
  while (!in.empty() && !is_broken_) {
    if (!refusal_.is_amid() && !scanner_.is_amid_reply() && count_ > 0 &&
        front().answer == Answer::refusal && in.front() == '-') {
      refusal_.begin(front().count);
    }
    if (refusal_.is_amid()) {
      out = refusal_.take(in, out);
      if (!refusal_.is_amid()) finish(now);
      continue;
    }
    const ReplyScanner::Scan scan = scanner_.scan(in);
    if (out != in.data()) std::memmove(out, in.data(), scan.bytes);
    out += scan.bytes;
    in.remove_prefix(scan.bytes);
    amid_bytes_ += scan.bytes;
    switch (scan.end) {
      case ReplyScanner::End::none: break;
      case ReplyScanner::End::push: handle_confirmation(now); break;
      case ReplyScanner::End::reply: handle_reply(now); break;
      case ReplyScanner::End::malformed: is_broken_ = true; break;
    }
    if (scan.end != ReplyScanner::End::none) amid_bytes_ = 0;
  }
  // A reply that is larger than was foreseen takes the room of others from now on.
  const bool is_reply = scanner_.is_amid_reply() && scanner_.mark() != '>';
  if (count_ > 0 && is_reply && amid_bytes_ > front().reply_bytes) {
    replies_bytes_ += to_32(amid_bytes_) - front().reply_bytes;
    front().reply_bytes = to_32(amid_bytes_);
  }
  return {begin, out};
}

void OwedReplies::handle_reply(std::uint32_t now) {
  if (!is_resp3_ && scanner_.mark() == '*') {
    const bool is_subscriber = kept_.subscriptions() > 0;
    if (is_subscriber && is_message(scanner_.first_word())) return;
    if ((is_subscriber || (count_ > 0 && is_confirmed(front().answer))) &&
        handle_confirmation(now)) {
      return;
    }
  }
  if (count_ == 0) return;  // nobody asked: an error before the server ends the connection
  const Request& answered = front();
  if (answered.answer == Answer::hello && scanner_.mark() != '-') {
    is_resp3_ = scanner_.mark() == '%';
  }
  kept_.handle_reply({.answer = answered.answer,
                      .count = answered.count,
                      .words = answered.words,
                      .bytes = answered.bytes},
                     answered.is_queued, scanner_.mark());
  if (answered.answer == Answer::quit) has_quit_ = scanner_.mark() == '+';
  if (answered.answer == Answer::multi) handle_multi();
  if (answered.answer == Answer::one && !answered.is_queued) {
    const std::size_t forgotten = usual_bytes_ - usual_bytes_ / forgetting;
    usual_bytes_ = std::max(amid_bytes_, forgotten);
    sizes_.note(answered.fingerprint, amid_bytes_);
  }
  finish(now);
}

// Counts what the client is subscribed to, and what answers a command that subscribes. Each
// confirmation ends with a number: of channels and patterns together, or of shard channels.
bool OwedReplies::handle_confirmation(std::uint32_t now) {
  const std::string_view word = scanner_.first_word();
  Answer kind = Answer::subscribe;
  while (word != word_of(kind)) {
    if (kind == Answer::sunsubscribe) return false;
    kind = static_cast<Answer>(static_cast<int>(kind) + 1);
  }
  const std::size_t before = kept_.subscriptions_of(kind);
  const auto all = static_cast<std::size_t>(std::max<std::int64_t>(scanner_.last_integer(), 0));
  kept_.handle_confirmation(kind, all, scanner_.string_bytes() - word.size());

  if (count_ == 0 || front().answer != kind) return true;  // a slot of shard channels has moved
  Request& request = front();
  if (!request.has_begun) {
    request.has_begun = true;
    // Without a channel it unsubscribes from all; from none, too, it is confirmed once.
    if (request.count == 0) request.count = to_32(std::max<std::size_t>(before, 1));
  }
  request.count -= 1;
  if (request.count == 0) finish(now);
  return true;
}

// The first request is answered.
void OwedReplies::finish(std::uint32_t now) {
  times_.add(std::chrono::microseconds(now - front().sent_at));
  requests_bytes_ -= front().bytes;
  replies_bytes_ -= front().reply_bytes;
  first_ = static_cast<std::uint32_t>((first_ + 1) % places());
  count_ -= 1;
  if (count_ > 0) return;
  // A server may have refused to end a transaction, too.
  is_queueing_ = has_taken_multi_ = kept_.is_in_transaction();
  first_ = 0;
  many_.reset();
}

}  // namespace plimsoll::bridge
