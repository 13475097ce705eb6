#pragma once

#include "plimsoll/tests/sim/books/channels.h"
#include "plimsoll/tests/sim/books/queues.h"
#include "plimsoll/tests/sim/books/transactions.h"

namespace plimsoll::sim {

/// Beside the ledger of requests.
struct Books {
  explicit Books(Referee& referee) : transactions(referee), queues(referee), channels(referee) {}

  Transactions transactions;
  Queues queues;
  Channels channels;
};

}  // namespace plimsoll::sim
