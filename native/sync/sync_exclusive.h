#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <span>
#include <string_view>
#include <utility>

#include "plimsoll/arguments.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/exclusive.h"
#include "plimsoll/sync_sender.h"
#include "plimsoll/sync_transaction.h"

namespace plimsoll::inline v0::native {

/// An exclusive connection (exclusive.h) whose calls block: for WATCH, the reads after it, and the
/// transaction that depends on them. Move-only. Use it from one thread at a time.
class SyncExclusive : public SyncSender<SyncExclusive> {
 public:
  /// Without a connection. You may only assign to it or destroy it.
  SyncExclusive() = default;
  explicit SyncExclusive(Exclusive own) : channel_(own), own_(std::move(own)) {}
  SyncExclusive(SyncExclusive&&) = default;
  SyncExclusive& operator=(SyncExclusive&&) = default;
  ~SyncExclusive() = default;

  /// WATCH: the next transaction() of this connection commits only if none of the keys has changed
  /// by then.
  Result<void> watch(const Words& keys) {
    return send<void>(commands::with(commands::open<"WATCH">(), keys));
  }
  /// UNWATCH: the connection watches no key any more.
  Result<void> unwatch() { return send<void>(commands::fixed<"UNWATCH">()); }

  /// Returns an empty transaction for this connection.
  SyncTransaction transaction() const { return SyncTransaction(channel_); }

  operator Channel() const { return channel_; }

 private:
  friend class SyncSender<SyncExclusive>;

  // For SyncSender.
  static plimsoll::Result<CommandView> prepare(std::span<const std::string_view> words) {
    return commands::prepare_exclusive(words);
  }
  static plimsoll::Status check(const CommandView& command) {
    return commands::check_exclusive(command);
  }
  Request request(const CommandView& command) const {
    PLIMSOLL_CHECK(channel_.driver != nullptr);
    return Request(channel_, command);
  }

  Channel channel_;
  Exclusive own_;
};

}  // namespace plimsoll::inline v0::native
