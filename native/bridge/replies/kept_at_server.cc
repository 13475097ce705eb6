#include "plimsoll/native/bridge/replies/kept_at_server.h"

#include <algorithm>

namespace plimsoll::bridge {
namespace {

// "$0\r\n\r\n": a request of N bytes has at most N / 6 words.
constexpr std::size_t word_bytes_min = 6;

bool is_shard(Answer kind) { return kind == Answer::ssubscribe || kind == Answer::sunsubscribe; }
bool is_pattern(Answer kind) { return kind == Answer::psubscribe || kind == Answer::punsubscribe; }

// Of the names alone, or a little more.
std::size_t name_bytes(const Passing& command) {
  return command.bytes - std::min(command.bytes, command.count * word_bytes_min);
}

// Whether a server that queues would queue it: it answers what is wrong at once, as it does those.
bool may_be_queued(Answer answer) {
  return answer != Answer::exec && answer != Answer::discard && answer != Answer::refusal;
}

std::size_t queued_bytes(const Passing& command) {
  return command.bytes + command.words * KeptAtServer::word_bytes;
}

// Ends the transaction, if there is one.
bool is_end_of_transaction(Answer answer, char mark) {
  // An EXEC that fails has discarded it all the same.
  return answer == Answer::exec || (answer == Answer::discard && mark == '+');
}

struct Names {
  std::size_t count;
  std::size_t bytes;
};

}  // namespace

Room KeptAtServer::room_behind(const Passing& command, bool is_queued,
                               std::size_t unanswered_bytes) const {
  // Nobody knows yet what the unanswered requests add, but no more than this.
  const std::size_t unanswered_words = unanswered_bytes / word_bytes_min;
  const auto beyond = [&](Room limit) { return unanswered_bytes > 0 ? Room::later : limit; };
  const auto room_for_names = [&](Names kept, std::size_t count_max, Room limit) {
    const std::size_t count = kept.count + command.count + unanswered_words;
    const std::size_t bytes = kept.bytes + name_bytes(command) + unanswered_bytes;
    return count <= count_max && bytes <= count_max * bytes_each ? Room::now : beyond(limit);
  };
  const std::size_t transaction_bytes =
      transaction_bytes_ + queued_bytes(command) + unanswered_bytes + unanswered_words * word_bytes;
  if (is_queued && may_be_queued(command.answer) &&
      transaction_bytes > limits_.transaction_bytes_max) {
    return beyond(Room::beyond_transaction);
  }
  switch (command.answer) {
    case Answer::subscribe:
    case Answer::psubscribe:
    case Answer::ssubscribe:
      return room_for_names({subscriptions(), names_bytes_}, limits_.subscriptions_max,
                            Room::beyond_subscriptions);
    case Answer::watch:
      return room_for_names({watched_keys_, watched_bytes_}, watched_keys_max,
                            Room::beyond_watched);
    case Answer::track:
      return room_for_names({prefixes_, prefix_bytes_}, prefixes_max, Room::beyond_prefixes);
    default: return Room::now;
  }
}

void KeptAtServer::count_reply(const Passing& command, bool is_queued, char mark) {
  if (is_in_transaction_) {
    if (is_end_of_transaction(command.answer, mark)) {
      is_in_transaction_ = false;
      transaction_bytes_ = watched_bytes_ = watched_keys_ = 0;
    } else if (is_queued && mark == '+') {
      transaction_bytes_ += queued_bytes(command);
    }
    return;
  }
  if (mark != '+') return;
  switch (command.answer) {
    case Answer::multi: is_in_transaction_ = true; return;
    case Answer::watch:
      watched_keys_ += command.count;
      watched_bytes_ += name_bytes(command);
      return;
    case Answer::unwatch:
      watched_keys_ = 0;
      watched_bytes_ = 0;
      return;
    case Answer::track:
      prefixes_ += command.count;
      prefix_bytes_ += static_cast<std::uint32_t>(name_bytes(command));
      return;
    case Answer::untrack: prefixes_ = prefix_bytes_ = 0; return;
    default: return;
  }
}

void KeptAtServer::handle_confirmation(Answer kind, std::size_t count, std::size_t bytes) {
  const std::size_t before = is_shard(kind) ? shards_ : std::size_t{channels_} + patterns_;
  std::uint32_t& of_kind = this->*counter_of(kind);
  if (count > before) {
    of_kind += 1;
    names_bytes_ += bytes;
  } else if (count < before && of_kind > 0) {
    of_kind -= 1;
    names_bytes_ -= std::min(names_bytes_, bytes);
  }
}

KeptAtServer::Counter KeptAtServer::counter_of(Answer kind) {
  if (is_shard(kind)) return &KeptAtServer::shards_;
  return is_pattern(kind) ? &KeptAtServer::patterns_ : &KeptAtServer::channels_;
}

}  // namespace plimsoll::bridge
