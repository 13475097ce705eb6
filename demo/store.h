// The server as the demo sees it: requests go in, outcomes come out. connection.h puts the
// client behind it, cluster/steady_store.h one of a cluster, tests a map.
#pragma once

#include <functional>
#include <string>
#include <variant>

#include "plimsoll/demo/request.h"

namespace plimsoll::demo {

/// Why there is no reply.
struct Failure {
  enum class Kind {
    refused,  // no room under the memory limit just now: never sent, worth asking again once others
              // are done
    failed,   // anything else: the run cannot go on
  };
  Kind kind = Kind::failed;
  std::string text;
};

using Outcome = std::variant<Reply, Failure>;

class Store {
 public:
  virtual ~Store() = default;

  /// Calls `done` exactly once, during the call or later, on the thread that runs the demo.
  virtual void send(const Request& request, std::function<void(Outcome)> done) = 0;
};

}  // namespace plimsoll::demo
