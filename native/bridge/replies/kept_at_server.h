#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "plimsoll/native/bridge/replies/answer.h"
#include "plimsoll/native/bridge/replies/kept_limits.h"

// What a server keeps for one connection until the client lets go of it, counted by the server's
// answers. Nothing else bounds it: a server takes any number of each, from a client that reads all
// of its replies, and looks at all of a connection's keys and prefixes whenever one is added (some
// 30,000 prefixes in one command held up a server for seconds). No I/O.
//
//   kept                    by                                until
//   commands                MULTI, and what is queued         EXEC, DISCARD
//   keys                    WATCH                             EXEC, DISCARD, UNWATCH
//   channels and patterns   SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE UNSUBSCRIBE and its like
//   prefixes                CLIENT TRACKING ON ... PREFIX     CLIENT TRACKING OFF
//   a command and its keys  BLPOP and its like                its answer (judged by the gate)
//
// Invariant: what is counted is at least what the server keeps, and at most the limits. So a name
// that the client has already counts when it is asked for once more, until the server has answered;
// a key that is watched twice counts twice.

namespace plimsoll::bridge {

/// Whether the server may get a command now.
enum class Room : std::uint8_t {
  now,
  later,  ///< when some of what is unanswered has been answered
  // No: the server would keep more than
  beyond_transaction,    ///< KeptLimits::transaction_bytes_max
  beyond_subscriptions,  ///< KeptLimits::subscriptions_max, or their bytes
  beyond_watched,        ///< KeptAtServer::watched_keys_max, or their bytes
  beyond_prefixes,       ///< KeptAtServer::prefixes_max, or their bytes
};

class KeptAtServer {
 public:
  static constexpr std::size_t watched_keys_max = 1024;
  static constexpr std::size_t prefixes_max = 64;

  /// How many bytes a channel, a key or a prefix may have, if there are as many as there may be.
  static constexpr std::size_t bytes_each = 256;

  /// A command that blocks, which is kept until it is answered.
  static constexpr std::size_t blocked_words_max = 1024;
  static constexpr std::size_t blocked_bytes_max = std::size_t{32} << 10;

  /// What a server takes for a word that is queued, besides its bytes.
  static constexpr std::size_t word_bytes = 64;

  explicit KeptAtServer(const KeptLimits& limits) : limits_(limits) {}

  const KeptLimits& limits() const { return limits_; }

  /// `is_queued`: by a MULTI. `unanswered_bytes`: of the requests that the server has and has not
  /// answered. Never `later` if these are 0.
  Room room_for(const Passing& command, bool is_queued, std::size_t unanswered_bytes) const {
    if (!is_queued && !may_keep(command.answer)) return Room::now;
    return room_behind(command, is_queued, unanswered_bytes);
  }

  /// The server has answered a command with a reply that begins with `mark`.
  void handle_reply(const Passing& command, bool is_queued, char mark) {
    if (is_in_transaction_ || may_keep(command.answer)) count_reply(command, is_queued, mark);
  }

  /// The server has confirmed a subscription, or the end of one. `count`: the number in it, of
  /// channels and patterns together, or of shard channels. `bytes`: of the channel's name.
  void handle_confirmation(Answer kind, std::size_t count, std::size_t bytes);

  /// Between MULTI and its end, as far as the server has said.
  bool is_in_transaction() const { return is_in_transaction_; }

  std::size_t subscriptions() const { return channels_ + patterns_ + shards_; }
  /// Those that a command of this kind, without names, would end.
  std::size_t subscriptions_of(Answer kind) const { return this->*counter_of(kind); }

 private:
  // Most commands cost no more than this look.
  static bool may_keep(Answer answer) {
    return answer != Answer::one && answer != Answer::short_one;
  }

  Room room_behind(const Passing& command, bool is_queued, std::size_t unanswered_bytes) const;
  void count_reply(const Passing& command, bool is_queued, char mark);
  using Counter = std::uint32_t KeptAtServer::*;
  static Counter counter_of(Answer kind);

  const KeptLimits& limits_;
  bool is_in_transaction_ = false;
  std::size_t transaction_bytes_ = 0;
  std::size_t watched_bytes_ = 0;
  std::size_t names_bytes_ = 0;
  std::uint32_t watched_keys_ = 0;
  std::uint32_t prefixes_ = 0;
  std::uint32_t prefix_bytes_ = 0;
  std::uint32_t channels_ = 0;
  std::uint32_t patterns_ = 0;
  std::uint32_t shards_ = 0;
};

}  // namespace plimsoll::bridge
