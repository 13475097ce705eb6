#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/native/bridge/shared/encoded_push.h"
#include "plimsoll/native/bridge/shared/reply_queue.h"
#include "plimsoll/native/bridge/shared/shared_client.h"
#include "plimsoll/native/bridge/shared/tracking_hub.h"
#include "plimsoll/native/bridge/shared/tracking_mode.h"
#include "plimsoll/native/bridge/shared/wire_reply.h"
#include "plimsoll/native/bridge/tokens/authorization.h"

// What the client of one session keeps of the replies that it gets: CLIENT TRACKING, for
// SharedSession.

namespace plimsoll::bridge {

class KeptReplies {
 public:
  using Words = std::span<const std::string_view>;

  /// `hub` is null if the upstream has no cache: then nothing can be kept. All must outlive this
  /// object.
  KeptReplies(TrackingHub* hub, TrackingListener& listener, Account& account)
      : hub_(hub), listener_(listener), account_(account) {}
  ~KeptReplies() { end(); }
  KeptReplies(const KeptReplies&) = delete;
  KeptReplies& operator=(const KeptReplies&) = delete;

  bool are_possible() const { return hub_ != nullptr; }
  bool is_on() const { return mode_.is_on(); }

  /// CLIENT TRACKING, CLIENT CACHING and CLIENT TRACKINGINFO. Return the answer.
  std::string set(Words words, bool is_resp3, SharedClient& client);
  std::string set_caching(Words words) { return mode_.set_caching(words); }
  std::string info(bool is_resp3) const { return mode_.info(is_resp3); }
  /// TrackingMode::handle_command().
  void handle_command() { mode_.handle_command(); }
  void end();
  /// The connection is over, and its client may come back.
  void leave();

  /// CLIENT TRACKING RESUME, behind a proof: a client of this profile may come back, or has. What
  /// waits in `replies` comes in front of the answer; they tell the hub of what they send from now
  /// on. `answered` gets the answer, within this call or later, and keeps this object alive; it is
  /// never called after leave().
  void resume(std::span<const std::string> words, const Profile& profile, ReplyQueue& replies,
              std::function<void(std::string)> answered);
  /// What is wrong with that command, as an answer. Empty: nothing.
  std::string_view problem_of_resume(Words words) const;

  /// Whether the client may keep the reply to the next command, as long as it hears of no change.
  bool wants(const commands::Row* row) const;

  /// A reply is about to be passed on, to a command that wants() said yes of. From now on the
  /// listener hears of its change. Returns what has to come right behind the reply, as far as that
  /// is not possible: it counts as changed at once. None: nothing has to. Null: no memory.
  std::optional<PushBytes> hold(Words read, const WireReply& reply, SharedClient& client);

  /// TrackingHub::prove().
  void prove(std::function<void()> done) { hub_->prove(std::move(done)); }

  /// The same for a PING, which says that the client has most likely got the answer to the last
  /// one. `done` keeps this object alive.
  void prove_for_ping(std::function<void()> done);
  /// TrackingHub::forget_name().
  void forget_name() {
    if (is_on()) hub_->forget_name(listener_);
  }

 private:
  std::string_view reason_against(bool is_resp3, const SharedClient& client) const;

  TrackingHub* const hub_;
  TrackingListener& listener_;
  Account& account_;
  TrackingMode mode_;
};

}  // namespace plimsoll::bridge
