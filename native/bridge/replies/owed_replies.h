#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/native/bridge/replies/answer.h"
#include "plimsoll/native/bridge/replies/kept_at_server.h"
#include "plimsoll/native/bridge/replies/refusal_line.h"
#include "plimsoll/native/bridge/replies/reply_scanner.h"
#include "plimsoll/native/bridge/replies/reply_sizes.h"
#include "plimsoll/native/bridge/replies/reply_window.h"
#include "plimsoll/native/observe/histogram.h"

// What a server owes to one client: the requests that it has and has not answered, in order. Says
// whether one more may be sent, so that what the server holds for a client that does not read is
// bounded, and follows the server's bytes to learn what has been answered. No I/O.
//
//   has_room() --> add() --> the server --> follow(): of which request is this the reply?
//
// A server executes what it gets at once, and keeps the replies until somebody takes them; a
// request cannot be called back. How large a reply will be is known only when it comes. So a
// request may be sent while others are unanswered if its reply, as far as its size can be told in
// advance, fits:
//   - a status or a number is short;
//   - a request that was answered before, to any client, had a reply of that size;
//   - any other reply is taken to be as large as this client's replies are lately, and a new
//     client's to fill the window: its first request goes alone;
//   - what MULTI queues is answered by EXEC.
//
// Invariants:
// - If nothing is owed, there is room for any request: none waits for ever.
// - Beyond one reply, the server owes at most requests_in_flight_max replies, of which those whose
//   sizes nobody knows are at most unknown_replies_max, and has at most request_bytes_ahead_max
//   bytes of requests that it has not answered.
// - What the server keeps beyond its replies is bounded by KeptAtServer.
// - What subscriptions bring is no reply, and has no bound here: the server's
//   client-output-buffer-limit has.

namespace plimsoll::bridge {

class OwedReplies {
 public:
  /// Bytes of unanswered requests: a server that executes none, because an earlier one blocks, has
  /// to hold them.
  static constexpr std::size_t request_bytes_ahead_max = std::size_t{32} << 10;

  /// How many replies of unknown size fill the window.
  static constexpr std::size_t unknown_replies_max = 64;

  /// follow() may put bytes that it held back in front of those that it is given.
  static constexpr std::size_t headroom = RefusalLine::held_max;

  /// `account` pays for a long list of requests; `times` gets how long each reply took. All of them
  /// must outlive this object.
  OwedReplies(const ReplyWindow& window, const KeptLimits& kept, ReplySizes& sizes,
              Account& account, native::Histogram& times)
      : window_(window),
        kept_(kept),
        sizes_(sizes),
        account_(account),
        times_(times),
        usual_bytes_(window.reply_bytes_ahead_max) {}

  /// Whether the server may get this request now. `unsent`: bytes of replies that have been read
  /// and that the client has not taken.
  [[nodiscard]] Room room_for(const Passing& request, std::size_t unsent);

  /// Whether room_for() would say `later` of any request.
  bool is_full() const { return count_ >= window_.requests_in_flight_max; }

  const KeptLimits& kept_limits() const { return kept_.limits(); }

  /// Records that the server gets the request, for which there was room, at this time in
  /// microseconds.
  void add(const Passing& request, std::uint32_t now);

  /// Follows the next bytes of the server, which lie behind `headroom` bytes that may be used.
  /// Returns what the client gets of them: the bytes themselves, or with refusals in the bridge's
  /// own words, which makes them shorter.
  std::span<char> follow(std::span<char> bytes, std::uint32_t now);

  /// The server has sent what is no RESP.
  bool is_broken() const { return is_broken_; }

  /// Bytes that follow() has taken and neither returned nor dropped yet.
  std::size_t held_bytes() const { return refusal_.held_bytes(); }

  std::uint32_t requests_in_flight() const { return count_; }

  /// Whether what the server gets now is queued by a MULTI, as far as is known.
  bool is_queueing() const { return is_queueing_; }

  /// Nothing is owed, and no push has begun.
  bool is_settled() const { return count_ == 0 && !scanner_.is_amid_reply(); }

  /// The server has answered QUIT, and will end the connection.
  bool has_quit() const { return has_quit_; }

 private:
  struct Request {
    std::uint32_t bytes;
    std::uint32_t reply_bytes;  // as far as it can be told
    std::uint32_t fingerprint;
    std::uint32_t count;  // as of Passing, or confirmations to come
    std::uint32_t words;
    std::uint32_t sent_at;
    Answer answer;
    bool has_begun;  // the first confirmation has come
    bool is_queued;  // by a MULTI, if the server took that
  };
  static constexpr std::size_t few = 2;
  static constexpr std::size_t first_many = 16;

  std::size_t foresee(const Passing& request) const;
  std::size_t foresee_outside_multi(const Passing& request) const;
  void note_multi(const Passing& request);
  void handle_multi();
  bool grow();
  std::size_t places() const { return many_ ? many_.size() / sizeof(Request) : few; }
  Request& at(std::size_t place);
  Request& front() { return at(0); }
  void handle_reply(std::uint32_t now);
  bool handle_confirmation(std::uint32_t now);
  bool has_room_for_reply(const Passing& request, std::size_t unsent);
  void finish(std::uint32_t now);

  const ReplyWindow& window_;
  KeptAtServer kept_;
  ReplySizes& sizes_;
  Account& account_;
  native::Histogram& times_;
  ReplyScanner scanner_;
  RefusalLine refusal_;
  bool is_broken_ = false;
  bool has_quit_ = false;
  bool is_resp3_ = false;
  bool is_queueing_ = false;        // between MULTI and EXEC, as far as was sent
  bool has_taken_multi_ = false;    // the server has said so
  std::uint32_t multis_owed_ = 0;   // unanswered ones
                                    // between MULTI and EXEC, as far as was sent
  std::size_t queued_bytes_ = 0;    // of the replies that EXEC will give
  std::size_t usual_bytes_;         // of this client's replies lately
  std::size_t amid_bytes_ = 0;      // of the reply that has begun
  std::size_t requests_bytes_ = 0;  // of all unanswered requests
  std::size_t replies_bytes_ = 0;   // of the replies to them
  // A ring: in few_, or in many_ once there are more.
  std::uint32_t first_ = 0;
  std::uint32_t count_ = 0;
  std::array<Request, few> few_;
  Block many_;
};

}  // namespace plimsoll::bridge
