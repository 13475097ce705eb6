#include "plimsoll/configuration_file.h"

#include <mutex>
#include <utility>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "plimsoll/log.h"
#include "plimsoll/native/base/fork.h"
#include "plimsoll/native/config/apply.h"
#include "plimsoll/native/config/read_configuration.h"
#include "plimsoll/native/config/secret_files.h"
#include "plimsoll/native/config/source_stamp.h"
#include "plimsoll/native/runtime/runtime.h"

namespace plimsoll::inline v0::native {
namespace {

using config::Busy;
using config::OptionRow;
using config::SourceStamp;
using config::Taken;
using Clock = std::chrono::system_clock;

// The paths of the configuration file and of the files with secrets.
std::vector<std::string> files_of(const Configuration& configuration) {
  std::vector<std::string> all = config::secret_files_of(configuration);
  all.push_back(configuration.file);
  return all;
}

// A configuration, and the stamps that its files had before they were read, so that a change during
// reading is noticed.
struct Stamped {
  Configuration configuration;
  std::vector<SourceStamp> stamps;
};

// Only the configuration file says which files contain secrets, so it may have to be read twice.
Result<Stamped> read_stamped(const LoadOptions& options) {
  Stamped all;
  std::vector<std::string> files;
  for (int i = 0; i < 3 && (i == 0 || files != files_of(all.configuration)); ++i) {
    files = i == 0 ? std::vector{options.file} : files_of(all.configuration);
    all.stamps = config::stamps_of(files);
    auto configuration = config::read_configuration(options);
    if (!configuration) return configuration.error();
    all.configuration = *std::move(configuration);
  }
  return all;
}

// Describes a change: "memory_limit is "32 MiB" now (a.toml:1)".
std::string change_text(const Configuration& now, const OptionRow& row) {
  const std::string value = config::shown(now, row);
  std::string text(row.key);
  text +=
      row.secret ? " is another one now" : " is " + (value.empty() ? "not set" : value) + " now";
  text += " (" + origin(now, row.key) + ")";
  if (row.taken == Taken::by_new_clients) text += ": for new clients";
  if (row.taken == Taken::at_start) text += ": when the process is started again";
  return text;
}

void log_changes(const Configuration& before, const Configuration& now) {
  for (const OptionRow* const row : config::differences(before, now)) {
    const bool holds = row->taken == Taken::at_once;
    log(holds ? Severity::info : Severity::warn,
        holds ? "plimsoll.configuration.changed" : "plimsoll.configuration.not_taken",
        change_text(now, *row), {{"plimsoll.configuration.key", row->key}});
  }
}

void log_refusal(const std::string& file, std::string_view problem) {
  log(Severity::error, "plimsoll.configuration.refused",
      "the configuration stays as it was: " + std::string(problem),
      {{"plimsoll.configuration.file", file}});
}

}  // namespace

struct ConfigurationFile::State : std::enable_shared_from_this<State> {
  State(LoadOptions from, Stamped now)
      : options(std::move(from)),
        current(std::move(now.configuration)),
        read(std::move(now.stamps)) {}

  // Returns nothing if another thread is reloading and `busy` is `leave`.
  std::optional<Result<void>> reload(Busy busy);
  std::optional<Result<void>> reload_locked(Busy busy);
  std::optional<Result<void>> reload_regular(const std::vector<std::string>& files,
                                             const std::vector<SourceStamp>& stamps);
  Result<void> refuse(const Error& why, const std::vector<SourceStamp>& stamps);

  bool is_ended() const {
    const std::lock_guard lock(mutex);
    return is_over;
  }
  void wait();
  void look();

  const LoadOptions options;
  const std::uint64_t fork_count = current_fork_count();

  std::mutex reloading;  // held while the file is read; locked before `mutex`

  mutable std::mutex mutex;  // guards the members below
  Configuration current;
  ConfigurationFileStatistics statistics;
  std::optional<boost::asio::steady_timer> timer;
  std::chrono::milliseconds interval{};  // zero: not watching
  bool is_over = false;
  std::vector<SourceStamp> seen;  // at the last check
  std::vector<SourceStamp> read;  // of the files that were last applied or refused
};

// Stores the stamps, so that these files are not read again before they change again.
Result<void> ConfigurationFile::State::refuse(const Error& why,
                                              const std::vector<SourceStamp>& stamps) {
  {
    const std::lock_guard lock(mutex);
    read = stamps;
    ++statistics.refused;
    statistics.refused_at = Clock::now();
    statistics.problem = why.text();
  }
  log_refusal(options.file, why.text());
  return why;
}

std::optional<Result<void>> ConfigurationFile::State::reload(Busy busy) {
  std::unique_lock one(reloading, std::defer_lock);
  if (busy == Busy::wait) one.lock();
  if (!one.owns_lock() && !one.try_lock()) return std::nullopt;
  if (is_ended()) return Result<void>();
  return reload_locked(busy);
}

// `reloading` must be held.
std::optional<Result<void>> ConfigurationFile::State::reload_locked(Busy busy) {
  const std::vector<SourceStamp> stamps = config::stamps_of(files_of(current));
  auto now = read_stamped(options);
  if (!now) return refuse(now.error(), stamps);
  Configuration& next = now->configuration;
  next.client.client_side_cache = current.client.client_side_cache;
  const auto applied = config::apply_again(next, busy);
  if (!applied) return std::nullopt;
  if (!*applied) return refuse(applied->error(), stamps);
  const Configuration before = current;
  {
    const std::lock_guard lock(mutex);
    current = next;
    read = now->stamps;
    ++statistics.applied;
    statistics.applied_at = Clock::now();
  }
  log_changes(before, next);
  return Result<void>();
}

// Reloads, unless one of the files is something like a pipe: the upkeep thread must not wait until
// another process writes to it.
std::optional<Result<void>> ConfigurationFile::State::reload_regular(
    const std::vector<std::string>& files, const std::vector<SourceStamp>& stamps) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (stamps[i].kind != SourceStamp::Kind::other) continue;
    return refuse(Error(ErrorCode::invalid_option, Executed::no, files[i] + ": is no file"),
                  stamps);
  }
  return reload(Busy::leave);
}

// `mutex` must be held.
void ConfigurationFile::State::wait() {
  timer->expires_after(interval);
  timer->async_wait([self = shared_from_this()](boost::system::error_code) { self->look(); });
}

void ConfigurationFile::State::look() {
  std::unique_lock lock(mutex);
  if (is_over) return;
  const std::vector<std::string> watched = files_of(current);
  lock.unlock();
  const std::vector<SourceStamp> now = config::stamps_of(watched);
  lock.lock();
  const bool is_settled = std::exchange(seen, now) == now;
  const bool has_changed = is_settled && now != read;
  if (has_changed) {
    lock.unlock();
    static_cast<void>(reload_regular(watched, now));
    lock.lock();
  }
  if (!is_over) wait();
}

Result<std::shared_ptr<ConfigurationFile>> ConfigurationFile::open(const LoadOptions& options) {
  LoadOptions from = config::with_environment(options);
  from.file = config::file_of(from);
  auto loaded = read_stamped(from);
  if (!loaded) return loaded.error();
  config::log_warnings(loaded->configuration);
  if (const auto done = apply(loaded->configuration); !done) return done.error();
  auto state = std::make_shared<State>(std::move(from), *std::move(loaded));
  state->statistics.applied = 1;
  state->statistics.applied_at = Clock::now();
  return std::make_shared<ConfigurationFile>(Private{}, std::move(state));
}

ConfigurationFile::ConfigurationFile(Private, std::shared_ptr<State> state)
    : state_(std::move(state)) {}

ConfigurationFile::~ConfigurationFile() {
  if (state_->fork_count != current_fork_count()) {
    // In a child of fork() the locks may be held forever, by threads that the child does not have.
    static_cast<void>(new std::shared_ptr<State>(std::move(state_)));
    return;
  }
  const std::lock_guard one(state_->reloading);
  const std::lock_guard lock(state_->mutex);
  state_->is_over = true;
  if (state_->timer) state_->timer->cancel();
}

Configuration ConfigurationFile::current() const {
  const std::lock_guard lock(state_->mutex);
  return state_->current;
}

Result<void> ConfigurationFile::reload() { return *state_->reload(Busy::wait); }

void ConfigurationFile::watch(std::chrono::milliseconds interval) {
  const std::lock_guard lock(state_->mutex);
  const bool is_watching = state_->interval.count() > 0;
  if (state_->current.file.empty() || interval.count() <= 0) return;
  state_->interval = interval;
  if (is_watching) return;
  state_->timer.emplace(Runtime::get().upkeep());
  state_->wait();
}

ConfigurationFileStatistics ConfigurationFile::statistics() const {
  const std::lock_guard lock(state_->mutex);
  return state_->statistics;
}

}  // namespace plimsoll::inline v0::native
