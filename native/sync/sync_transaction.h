#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <utility>

#include "plimsoll/native/sync/blocking.h"
#include "plimsoll/transaction.h"

namespace plimsoll::inline v0::native {

/// A transaction (transaction.h) whose exec() blocks. Move-only. Use it from one thread at a time.
///
///   auto tx = client.transaction();
///   auto visits = tx.incr("visits");
///   auto done = tx.exec();
///   if (done) std::int64_t count = done->get(visits);
class SyncTransaction : public Transaction {
 public:
  /// Without a connection. You may only assign to it or destroy it.
  SyncTransaction() = default;
  explicit SyncTransaction(const Channel& channel)
      : Transaction(channel), driver_(channel.driver) {}

  /// Executes the queued commands, and leaves the transaction empty. Errors: as for
  /// Transaction::exec().
  Result<TransactionReplies> exec() {
    PLIMSOLL_CHECK(driver_ != nullptr);
    return block<TransactionReplies>(
        *driver_, Patience::none, [this](auto handler) { Transaction::exec(std::move(handler)); });
  }

 private:
  std::shared_ptr<Driver> driver_;
};

}  // namespace plimsoll::inline v0::native
