#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>

#include <boost/asio/steady_timer.hpp>

#include "plimsoll/core/base/time.h"
#include "plimsoll/native/client_registry.h"
#include "plimsoll/native/connection.h"
#include "plimsoll/native/counted.h"
#include "plimsoll/native/credentials_source.h"
#include "plimsoll/native/driver.h"
#include "plimsoll/native/executor_life.h"
#include "plimsoll/native/tls_context.h"

// Inside the driver only: what it needs of Asio, and of the clock.

namespace plimsoll::native {

/// How long it is silent about the same trouble of the same client.
inline constexpr Duration warning_interval_min = std::chrono::minutes(1);

/// Something that is said seldom, however often it happens.
class Seldom {
 public:
  bool is_due(Instant time) {
    if (time < next_) return false;
    next_ = time + warning_interval_min;
    return true;
  }

 private:
  Instant next_ = Instant::min();
};

struct Driver::Io {
  explicit Io(Driver& driver)
      : timer(driver.executor()), life(ExecutorLife::of(driver.executor())) {
    connections[0] = std::make_unique<Connection>(driver, first_connection);
  }

  Connection& main() { return *connections[0]; }

  boost::asio::steady_timer timer;
  const std::shared_ptr<ExecutorLife> life;        // of the driver's executor
  Counted counted;                                 // among the clients of the process
  Registered registered;                           // the same, for those who look at them
  std::uint64_t owner = 0;                         // of its accounts
  std::unique_ptr<TlsContext> tls;                 // null: plain connections
  std::unique_ptr<CredentialsSource> credentials;  // null: they are in the options
  // Of the turns alone.
  Seldom refused_warning;
  Seldom credentials_warning;
  Seldom tls_warning;
  // By ConnectionId. They come under the lock, and stay.
  std::array<std::unique_ptr<Connection>, connections_max> connections;
};

/// What every call gets that a child of fork() makes on its parent's client.
inline constexpr plimsoll::Error inherited_client{
    .code = ErrorCode::forked,
    .what = "this client belongs to the parent process",
    .expected = "connect() in the child"};

inline Instant now() { return Instant(std::chrono::steady_clock::now().time_since_epoch()); }

/// The driver whose turn this thread is in, if any.
Driver*& turn_of_this_thread();

}  // namespace plimsoll::native
