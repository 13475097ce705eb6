#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/steady_timer.hpp>

#include "plimsoll/core/session/options.h"
#include "plimsoll/native/base/counted.h"
#include "plimsoll/native/base/executor_life.h"
#include "plimsoll/native/driver/client_notices.h"
#include "plimsoll/native/driver/connections.h"
#include "plimsoll/native/driver/core_options.h"
#include "plimsoll/native/driver/credentials_source.h"
#include "plimsoll/native/driver/driver.h"
#include "plimsoll/native/driver/failure_words.h"

namespace plimsoll::inline v0::native {

/// The driver's side towards its connections: Asio's objects, and what connections ask and report.
/// Used only in turns, except for what the driver's lock guards.
class Driver::Io final : public Connection::Owner, public CredentialsSource::Owner {
 public:
  Io(Driver& driver, std::uint64_t client_number)
      : timer(driver.executor_),
        life(ExecutorLife::of(driver.executor_)),
        number(client_number),
        notices(driver.target_, client_number),
        sentinel(sentinel_options(driver.target_)),
        context{.executor = driver.executor_, .target = driver.target_},
        connections(*this, context),
        failures(driver.target_, connections),
        driver_(driver) {}

  boost::asio::steady_timer timer;
  const std::shared_ptr<ExecutorLife> life;  // of the driver's executor
  Counted counted;                           // counts the client among those of the process
  Registered registered;                     // lists the client for metrics and the dump
  const std::uint64_t number;                // the client's number, and its accounts' owner
  ClientNotices notices;
  const SentinelOptions sentinel;            // the core keeps a pointer to this
  ConnectionContext context;
  Connections connections;
  FailureWords failures;

 private:
  // Connection::Owner, CredentialsSource::Owner.
  std::shared_ptr<void> hold() override { return driver_.shared_from_this(); }
  std::string token() override;
  Account& replies_account() override { return driver_.core_.replies_account(); }
  void handle_tls_files_read() override;
  void note_shown(ConnectionId connection, std::string_view text) override;
  void handle_opened(Connection& connection) override;
  void handle_failed(Connection& connection, const plimsoll::Error& error,
                     std::string_view words) override;
  std::span<char> read_space(ConnectionId connection) override;
  void handle_read(ConnectionId connection, std::size_t bytes) override;
  std::size_t poll_transmit(ConnectionId connection, std::span<std::string_view> spans) override;
  std::size_t handle_written(ConnectionId connection, std::size_t bytes,
                             std::span<std::string_view> next) override;
  void wait_for_memory() override { driver_.budget_.wait(driver_); }
  void run_turn() override { driver_.run_turn(); }
  void arm_timer() override { driver_.arm_timer(); }
  void handle_credentials(Credentials credentials) override;
  void handle_no_credentials(const std::string& why) override;

  Driver& driver_;
};

}  // namespace plimsoll::inline v0::native
