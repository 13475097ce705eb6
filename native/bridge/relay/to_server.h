#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <boost/system/error_code.hpp>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/native/bridge/gate/gate.h"
#include "plimsoll/native/bridge/gate/held_bytes.h"
#include "plimsoll/native/bridge/relay/server_end.h"
#include "plimsoll/native/bridge/replies/owed_replies.h"

namespace plimsoll::bridge {

/// What a gate's commands go through on their way to the server. Admits those that the client's
/// rate and window let pass. Sends what the server's socket takes of them at once, and copies the
/// rest, because the gate's bytes are valid only during the call.
class ToServer final : public Gate::Sink {
 public:
  /// `unsent`: see OwedReplies::room_for(). `now` is in microseconds. All references must outlive
  /// this object.
  ToServer(ServerEnd& server, Account& account, OwedReplies& owed, std::size_t unsent,
           std::size_t commands_max, std::uint32_t now)
      : server_(server),
        rest_(account),
        owed_(owed),
        unsent_(unsent),
        commands_left_(commands_max),
        now_(now) {}

  bool is_full() const override { return commands_left_ == 0 || owed_.is_full(); }
  Room admit(const Passing& command) override;
  std::string why_not(Room room) const override;
  bool is_queueing() const override { return owed_.is_queueing(); }
  void write(std::string_view commands) override;

  /// Why the server's socket took nothing more, if it has failed.
  const boost::system::error_code& problem() const { return problem_; }
  /// False: there was no memory for the rest.
  bool had_memory() const { return had_memory_; }
  /// What the server's socket did not take.
  std::string_view rest() const { return rest_.view(); }
  /// Whether `commands_max` commands were admitted.
  bool has_spent_all() const { return commands_left_ == 0; }

 private:
  ServerEnd& server_;
  HeldBytes rest_;
  OwedReplies& owed_;
  const std::size_t unsent_;
  std::size_t commands_left_;
  const std::uint32_t now_;
  boost::system::error_code problem_;
  bool had_memory_ = true;
};

}  // namespace plimsoll::bridge
