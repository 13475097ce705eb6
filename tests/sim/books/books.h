#pragma once

#include "plimsoll/tests/sim/books/channels.h"
#include "plimsoll/tests/sim/books/pushes.h"
#include "plimsoll/tests/sim/books/queues.h"
#include "plimsoll/tests/sim/books/rights.h"
#include "plimsoll/tests/sim/books/transactions.h"
#include "plimsoll/tests/sim/books/versions.h"

namespace plimsoll::sim {

/// Beside the ledger of requests.
struct Books {
  explicit Books(Referee& referee)
      : transactions(referee),
        queues(referee),
        channels(referee),
        pushes(referee),
        versions(referee) {}

  Transactions transactions;
  Queues queues;
  Channels channels;
  Pushes pushes;
  Versions versions;
  Rights rights;
};

}  // namespace plimsoll::sim
