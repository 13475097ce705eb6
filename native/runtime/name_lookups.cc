#include "plimsoll/native/runtime/name_lookups.h"

#include <algorithm>
#include <new>
#include <system_error>
#include <thread>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "plimsoll/native/base/fork.h"
#include "plimsoll/native/base/stay_loaded.h"
#include "plimsoll/native/base/without_signals.h"

namespace plimsoll::inline v0::native {
namespace {

namespace asio = boost::asio;

// Waits in this thread.
NameLookups::Found ask_system(const std::string& name) try {
  asio::io_context none;
  asio::ip::tcp::resolver resolver(none);
  NameLookups::Found found;
  for (const auto& each : resolver.resolve(name, "", found.problem)) {
    found.addresses.push_back(each.endpoint().address());
  }
  return found;
} catch (const std::bad_alloc&) {
  return {.problem = asio::error::no_memory, .addresses = {}};
}

// Without memory for the answer, who waits for it has a limit of time.
void tell(const NameLookups::Done& done, const NameLookups::Found& found) try {
  done(found);
} catch (const std::bad_alloc&) {
}

}  // namespace

NameLookups::NameLookups() : resolve_(std::make_shared<const Resolve>(ask_system)) {}

void NameLookups::resolve_by(Resolve resolve) {
  auto made = std::make_shared<const Resolve>(std::move(resolve));
  const std::lock_guard lock(mutex_);
  resolve_.swap(made);
}

std::size_t NameLookups::names_count() const {
  const std::lock_guard lock(mutex_);
  return names_.size();
}

NameLookups::Wait NameLookups::look_up(const std::string& name, Done done) {
  Wait wait;  // which outlives the lock, because its end takes it
  wait.name_ = name;
  wait.fork_count_ = current_fork_count();
  std::unique_lock lock(mutex_);
  wait.id_ = ++last_id_;
  const auto [place, is_new] = names_.try_emplace(name);
  try {
    place->second.waiters.push_back({.id = wait.id_, .done = done});
    if (is_new && !start(place->first, place->second)) {
      names_.erase(place);
      lock.unlock();
      done({.problem = asio::error::no_memory, .addresses = {}});
      return wait;
    }
  } catch (const std::bad_alloc&) {
    // Nobody may find a name that will have no thread.
    if (is_new && lock.owns_lock()) names_.erase(place);
    throw;
  }
  wait.lookups_ = this;
  return wait;
}

// The caller holds the lock. Returns false if the name will have no thread.
bool NameLookups::start(const std::string& name, Name& state) {
  if (threads_ == names_max) {
    queue_.push_back(name);
    return true;
  }
  state.has_thread = start_thread(name);
  if (!state.has_thread && threads_ > 0) queue_.push_back(name);
  return threads_ > 0;
}

// The caller holds the lock.
bool NameLookups::start_thread(const std::string& name) try {
  [[maybe_unused]] static const bool is_kept = (stay_loaded(), true);
  const WithoutSignals without;
  std::thread([this, name] { serve(name); }).detach();
  ++threads_;
  return true;
} catch (const std::system_error&) {
  return false;
}

// A thread looks up a name, and then those that wait for their turn.
void NameLookups::serve(std::string name) {
  while (!name.empty()) {
    std::shared_ptr<const Resolve> resolve;
    {
      const std::lock_guard lock(mutex_);
      resolve = resolve_;
    }
    const Found found = (*resolve)(name);
    std::vector<Waiter> waiters;
    {
      const std::lock_guard lock(mutex_);
      const auto place = names_.find(name);
      waiters.swap(place->second.waiters);
      names_.erase(place);
      name = next_name();
    }
    for (const Waiter& each : waiters) tell(each.done, found);
  }
}

// The caller holds the lock. Empty: the thread ends.
std::string NameLookups::next_name() {
  if (queue_.empty()) {
    --threads_;
    return {};
  }
  std::string name = std::move(queue_.front());
  queue_.pop_front();
  names_.find(name)->second.has_thread = true;
  return name;
}

void NameLookups::Wait::end() {
  NameLookups* const lookups = std::exchange(lookups_, nullptr);
  if (lookups != nullptr && fork_count_ == current_fork_count()) lookups->forget(name_, id_);
}

void NameLookups::forget(const std::string& name, std::uint64_t id) {
  Done last;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  const auto place = names_.find(name);
  if (place == names_.end()) return;
  auto& [has_thread, waiters] = place->second;
  const auto found = std::ranges::find(waiters, id, &Waiter::id);
  if (found == waiters.end()) return;
  last = std::move(found->done);
  waiters.erase(found);
  if (has_thread || !waiters.empty()) return;
  std::erase(queue_, name);
  names_.erase(place);
}

}  // namespace plimsoll::inline v0::native
