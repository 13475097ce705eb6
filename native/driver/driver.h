#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include <boost/asio/any_io_executor.hpp>

#include "plimsoll/client_snapshot.h"
#include "plimsoll/core/client/client.h"
#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/core/commands/question.h"
#include "plimsoll/core/resp/wire_value.h"
#include "plimsoll/native/call/cancel_target.h"
#include "plimsoll/native/call/operation.h"
#include "plimsoll/native/driver/cache_client.h"
#include "plimsoll/native/runtime/client_registry.h"
#include "plimsoll/options.h"
#include "plimsoll/staleness.h"
#include "plimsoll/statistics.h"

// Moves bytes and time between a core Client and its connections. Calls come from any thread: they
// stage requests under the lock and wake the driver. All else happens in turns on the executor, one
// at a time: read, deliver what came, run the callers' code, send what they staged in one write a
// connection. The lock is never held across a system call or a caller's code.
//
// The core says when to open and to close which connection (connection.h).

namespace plimsoll::native {

/// How long a call may take: zero for ever.
using Timeout = std::chrono::nanoseconds;

/// For cancel(): the connecting itself.
inline constexpr RequestId connect_request = UINT64_MAX;

class Tracing;

class Driver final : public CancelTarget,
                     private CacheClient,
                     private RegisteredClient,
                     private BudgetWaiter {
  struct Private {};

 public:
  /// For the shared thread where `executor` is empty. `cache`: Options::client_side_cache, if there
  /// is one. invalid_option, out_of_memory.
  static Result<std::shared_ptr<Driver>> create(boost::asio::any_io_executor executor,
                                                Target target, SharedCache* cache);

  Driver(Private, Target target, const TrackingOptions& tracking, Budget& budget,
         boost::asio::any_io_executor executor, plimsoll::Client::Accounts accounts);
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  std::shared_ptr<Driver> shared() { return std::static_pointer_cast<Driver>(shared_from_this()); }

  /// Connects; `operation` ends when the client is ready, or will never be. Once.
  void connect(Operation& operation);

  /// Sends a command; `operation` ends with its outcome, never before this returns. A read gets
  /// what was true so long ago at most.
  void submit(const CommandView& command, Timeout timeout, Operation& operation,
              Staleness staleness = any_staleness);

  /// Delivers the reply to `command` from the cache, if that has it: `operation` is then to be
  /// completed. From any thread, without the client's lock.
  bool deliver_cached(const CommandView& command, Staleness staleness, Operation& operation);
  /// Of an operation that was delivered: completes it in the driver's next turn.
  void complete_soon(Operation& operation);

  /// The same for whoever wants to look at the reply where it lies: with the cache locked.
  template <class Visit>
  bool visit_cached(const CommandView& command, Staleness staleness, Visit&& visit);

  /// submit() of a request that `stage` stages: Result<RequestId>(core, now, tag), under the lock.
  template <class Stage>
  void submit_by(Stage&& stage, Operation& operation) {
    submit_staged(
        [](void* context, plimsoll::Client& core, Instant now, Tag tag) {
          return (*static_cast<std::remove_reference_t<Stage>*>(context))(core, now, tag);
        },
        const_cast<void*>(static_cast<const void*>(&stage)), operation);
  }

  /// For submit_by(): what `command` is to be submitted with, where somebody traces.
  Operation& traced(const CommandView& command, Operation& operation) {
    return tracing_ && !inherited() ? begin_trace(command, operation) : operation;
  }

  /// Calls void(core, now) under the lock, unless this was inherited.
  template <class Step>
  void apply(Step&& step) {
    apply_step(
        [](void* context, plimsoll::Client& core, Instant now) {
          (*static_cast<std::remove_reference_t<Step>*>(context))(core, now);
        },
        const_cast<void*>(static_cast<const void*>(&step)));
  }

  /// Ends `operation` like this, as if it had been submitted.
  void finish(const Delivery& delivery, Operation& operation);
  void refuse(const plimsoll::Error& error, Operation& operation);

  void cancel(RequestId id) override;

  /// Takes no more, waits for what is owed; `operation` ends when all is over.
  void close(Operation& operation);
  /// Ends everything now.
  void abort();

  /// Who to be from now on, on new connections and on those that are there.
  void set_credentials(std::string username, std::string password);

  Statistics statistics();

  plimsoll::Status start_recording(std::size_t ring_bytes);
  void stop_recording();
  std::string recording();

  const boost::asio::any_io_executor& executor() const override { return executor_; }

  const Options& options() const { return target_.options; }

  /// Who pays for what is kept of callers' requests until they are submitted. From any thread.
  Account& requests_account() const { return core_.requests_account(); }

  /// Options::request_timeout.
  Timeout request_timeout() const { return target_.options.request_timeout; }

  /// Whether this was inherited over a fork: then nothing of it may be touched.
  bool inherited() const;

 private:
  class Io;

  // CacheClient.
  void prove(Operation& operation) override;

  // RegisteredClient.
  ClientSnapshot snapshot() override;
  ClientStatistics client_statistics() override;

  // BudgetWaiter.
  void handle_budget_available() override;

  using StageStep = plimsoll::Result<RequestId> (*)(void* context, plimsoll::Client& core,
                                                    Instant now, Tag tag);
  Operation& begin_trace(const CommandView& command, Operation& operation);
  void submit_staged(StageStep step, void* context, Operation& operation);
  template <class Stage>
  void stage(Operation& operation, const Stage& stage, const CommandView* command = nullptr,
             Timeout timeout = {});
  void handle_refusal(const plimsoll::Error& refusal, Operation& operation,
                      const CommandView* command, Timeout timeout);
  plimsoll::Result<RequestId> wait_for_room(const CommandView& command, Timeout timeout,
                                            Operation& operation);
  void admit(Tag tag);
  ClientStatistics core_statistics();  // under the lock
  using CoreStep = void (*)(void* context, plimsoll::Client& core, Instant now);
  void apply_step(CoreStep step, void* context);

  // Calls `change` under the lock, then wakes the driver if it has something to do and is not at
  // it already.
  template <class Change>
  void update(const Change& change) {
    bool wanted = false;
    {
      const std::lock_guard lock(mutex_);
      change();
      wanted = want_turn();
    }
    if (wanted) wake();
  }
  void wake() noexcept;
  bool want_turn();
  void fail_elsewhere(Operation& operation);

  void run_turn();
  void go_on_later() noexcept;
  void deliver_all();
  struct Rest;
  bool collect_events(OperationList& ready);
  void collect(const Event& event, OperationList& ready);
  void fail(const Event& event, Delivery delivery, OperationList& ready);
  void end(const Delivery& delivery, OperationList& ready);
  std::string circumstances(const Event& event) const;
  const std::string& failure() const;
  void notify(ConnectionEvent::Kind kind, const Delivery& delivery, OperationList& ready);
  void act(const Action& action);
  void arm_timer();

  const Target target_;
  Budget& budget_;
  const boost::asio::any_io_executor executor_;
  const std::uint64_t fork_count_;
  std::unique_ptr<Io> io_;
  std::unique_ptr<Tracing> tracing_;  // null: nobody traces

  // Guarded by mutex_.
  std::mutex mutex_;
  plimsoll::Client core_;  // its NearCache may be asked without the lock
  bool turn_wanted_ = false;
  bool over_ = false;
  std::uint64_t rejected_ = 0;  // requests for which there was no room before the core saw them
  OperationList ready_;         // outcomes to be told in the next turn
  OperationList closings_;      // waiting for the end
  Operation* connecting_ = nullptr;
  std::string tls_problem_;          // TlsContext's, where others may read it
  std::string credentials_problem_;  // why there were none the last time
  // The core has views of them, unless they have a bridge's token.
  std::unique_ptr<const Credentials> sent_credentials_;
  std::string end_;  // why the client is closed, unless the user wanted it so

  // Of the turns alone.
  std::uint64_t unsent_ = 0;   // a bit for each connection that may have something to send
  std::uint64_t resumed_ = 0;  // one for each that was paused, and may be read again
  bool made_room_ = false;     // since events were asked for; somebody waits for some
  Instant armed_ = never;
};

template <class Visit>
bool Driver::visit_cached(const CommandView& command, Staleness staleness, Visit&& visit) {
  NearCache* const near = core_.near_cache();
  if (near == nullptr || inherited()) return false;
  commands::QuestionReader reader;
  if (!near->cache().takes(command, reader)) return false;
  const Instant time(std::chrono::steady_clock::now().time_since_epoch());
  cache::Cache::Reader wanted = near->reader(staleness, time);
  wanted.scratch = &core_.replies_account();
  return near->cache().visit(wanted, reader.question(), time, [&](std::string_view wire) {
    WireReader values(core_.replies_account());
    const auto value = values.read(wire);
    if (!value) return false;
    if constexpr (std::is_invocable_v<Visit, Value, std::string_view>) {
      visit(*value, wire);
    } else {
      visit(*value);
    }
    return true;
  });
}

}  // namespace plimsoll::native
