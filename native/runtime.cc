#include "plimsoll/native/runtime.h"

#include <pthread.h>

#include <csignal>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "plimsoll/core/base/units.h"
#include "plimsoll/native/fork.h"
#include "plimsoll/native/mapped_memory.h"

namespace plimsoll::native {
namespace {

namespace asio = boost::asio;

// Guards `current` and the drawing of the line. A fork waits for it, so that the child does not
// inherit it locked.
std::mutex creation;
Runtime* current = nullptr;
std::uint64_t current_generation = 0;

[[maybe_unused]] const int registered =
    ::pthread_atfork([] { creation.lock(); }, [] { creation.unlock(); }, [] { creation.unlock(); });

Result<std::size_t> read_limit(std::string_view text) {
  const auto bytes = parse_bytes(text);
  if (!bytes) {
    const Error why(bytes.error());
    return Error(ErrorCode::invalid_option, Executed::no,
                 "memory_limit is \"" + std::string(text) + "\": " + std::string(why.text()));
  }
  const plimsoll::Status valid = Budget::validate(BudgetOptions{.memory_limit = *bytes});
  if (!valid) return Error(valid.error());
  return *bytes;
}

}  // namespace

struct Runtime::State {
  MappedMemory memory;
  std::optional<Budget> budget;
  // One thread runs it, which spares its lock some work.
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::once_flag started;
};

// Neither the runtime nor its state is ever destroyed: a client may end in a static destructor.
Runtime::Runtime() : state_(new State) {}

Runtime& Runtime::get() {
  const std::lock_guard lock(creation);
  if (current == nullptr || current_generation != fork_generation()) {
    current = new Runtime;
    current_generation = fork_generation();
  }
  return *current;
}

Result<Budget*> Runtime::budget(std::string_view limit) {
  std::optional<std::size_t> wanted;
  if (!limit.empty()) {
    const Result<std::size_t> read = read_limit(limit);
    if (!read) return read.error();
    wanted = *read;
  }
  const std::lock_guard lock(creation);
  std::optional<Budget>& budget = state_->budget;
  if (!budget) {
    const BudgetOptions defaults;
    const BudgetOptions options{.memory_limit = wanted.value_or(defaults.memory_limit)};
    budget.emplace(options, state_->memory);
  }
  const std::size_t in_force = budget->statistics().limit;
  if (wanted && *wanted != in_force) {
    return Error(ErrorCode::invalid_option, Executed::no,
                 "memory_limit is " + std::to_string(*wanted) +
                     " bytes, but the process has a line of " + std::to_string(in_force) +
                     " bytes already; expected the same, or none");
  }
  return &*budget;
}

boost::asio::any_io_executor Runtime::executor() {
  std::call_once(state_->started, [state = state_] {
    // Signals are for the threads of the application.
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread([state] { state->context.run(); }).detach();
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  });
  return state_->context.get_executor();
}

}  // namespace plimsoll::native
