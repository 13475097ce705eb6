#include "plimsoll/native/config/configuration_file.h"

#include <mutex>
#include <utility>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "plimsoll/native/config/apply.h"
#include "plimsoll/native/config/file_stamp.h"
#include "plimsoll/native/config/read_configuration.h"
#include "plimsoll/native/config/secret_files.h"
#include "plimsoll/native/fork.h"
#include "plimsoll/native/log.h"
#include "plimsoll/native/runtime.h"

namespace plimsoll::native {
namespace {

using config::FileStamp;
using config::OptionRow;
using config::Taken;
using Clock = std::chrono::system_clock;

// "memory_limit is "32 MiB" now (a.toml:1)".
std::string told(const Configuration& now, const OptionRow& row) {
  const std::string value = config::shown(now, row);
  std::string text(row.key);
  text +=
      row.secret ? " is another one now" : " is " + (value.empty() ? "not set" : value) + " now";
  text += " (" + origin(now, row.key) + ")";
  if (row.taken == Taken::by_new_clients) text += ": for new clients";
  if (row.taken == Taken::at_start) text += ": when the process is started again";
  return text;
}

void tell_changes(const Configuration& before, const Configuration& now) {
  for (const OptionRow* const row : config::differences(before, now)) {
    const bool holds = row->taken == Taken::at_once;
    log(holds ? Severity::info : Severity::warn,
        holds ? "plimsoll.configuration.changed" : "plimsoll.configuration.not_taken",
        told(now, *row), {{"plimsoll.configuration.key", row->key}});
  }
}

void tell_refusal(const std::string& file, std::string_view problem) {
  log(Severity::error, "plimsoll.configuration.refused",
      "the configuration stays as it was: " + std::string(problem),
      {{"plimsoll.configuration.file", file}});
}

}  // namespace

struct ConfigurationFile::State : std::enable_shared_from_this<State> {
  State(LoadOptions from, Configuration now, FileStamp stamp)
      : options(std::move(from)), current(std::move(now)) {
    read = config::stamps_of(config::secret_files_of(current));
    read.push_back(stamp);
  }

  Result<void> reload();
  Result<void> reload_regular(const std::vector<std::string>& paths,
                              const std::vector<FileStamp>& stamps);
  Result<void> take(Configuration& now);
  Result<void> refuse(const Error& why);

  std::vector<std::string> paths() const;
  bool is_ended() const {
    const std::lock_guard lock(mutex);
    return is_over;
  }
  void wait();
  void look();

  const LoadOptions options;
  const std::uint64_t generation = fork_generation();

  std::mutex reloading;  // one at a time; before `mutex`

  mutable std::mutex mutex;  // what is below
  Configuration current;
  ConfigurationFileStatistics statistics;
  std::optional<boost::asio::steady_timer> timer;
  std::chrono::milliseconds interval{};  // zero: nobody watches
  bool is_over = false;
  std::vector<FileStamp> seen;  // at the last look
  std::vector<FileStamp> read;  // when the file was read last
};

// With `mutex` held.
std::vector<std::string> ConfigurationFile::State::paths() const {
  std::vector<std::string> all = config::secret_files_of(current);
  all.push_back(current.file);
  return all;
}

// With `reloading` held.
Result<void> ConfigurationFile::State::take(Configuration& now) {
  now.client.client_side_cache = current.client.client_side_cache;
  if (const auto done = apply(now); !done) return done;
  const std::lock_guard lock(mutex);
  std::swap(current, now);
  ++statistics.applied;
  statistics.applied_at = Clock::now();
  return {};
}

Result<void> ConfigurationFile::State::refuse(const Error& why) {
  {
    const std::lock_guard lock(mutex);
    ++statistics.refused;
    statistics.refused_at = Clock::now();
    statistics.problem = why.text();
  }
  tell_refusal(options.file, why.text());
  return why;
}

Result<void> ConfigurationFile::State::reload() {
  std::unique_lock one(reloading);
  if (is_ended()) return {};
  auto now = config::read_configuration(options);
  if (!now) {
    one.unlock();
    return refuse(now.error());
  }
  const Configuration next = *now;
  const auto taken = take(*now);  // what was in force before, from here on
  one.unlock();
  if (!taken) return refuse(taken.error());
  tell_changes(*now, next);
  return {};
}

// The thread for upkeep has no time to wait for who writes to a pipe.
Result<void> ConfigurationFile::State::reload_regular(const std::vector<std::string>& paths,
                                                      const std::vector<FileStamp>& stamps) {
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (stamps[i].kind != FileStamp::Kind::other) continue;
    return refuse(Error(ErrorCode::invalid_option, Executed::no, paths[i] + ": is no file"));
  }
  return reload();
}

// With `mutex` held.
void ConfigurationFile::State::wait() {
  timer->expires_after(interval);
  timer->async_wait([self = shared_from_this()](boost::system::error_code) { self->look(); });
}

void ConfigurationFile::State::look() {
  std::unique_lock lock(mutex);
  if (is_over) return;
  const std::vector<std::string> watched = paths();
  lock.unlock();
  const std::vector<FileStamp> now = config::stamps_of(watched);
  lock.lock();
  const bool is_settled = std::exchange(seen, now) == now;
  const bool has_changed = is_settled && now != read;
  if (has_changed) {
    read = now;
    lock.unlock();
    static_cast<void>(reload_regular(watched, now));
    lock.lock();
  }
  if (!is_over) wait();
}

Result<std::shared_ptr<ConfigurationFile>> ConfigurationFile::open(const LoadOptions& options) {
  LoadOptions from = config::with_environment(options);
  from.file = config::file_of(from);
  // Before it is read: what changes meanwhile is a change.
  const FileStamp stamp = config::stamp_of(from.file);
  auto loaded = load_configuration(from);
  if (!loaded) return loaded.error();
  if (const auto done = apply(*loaded); !done) return done.error();
  auto state = std::make_shared<State>(std::move(from), *std::move(loaded), stamp);
  state->statistics.applied = 1;
  state->statistics.applied_at = Clock::now();
  return std::make_shared<ConfigurationFile>(Private{}, std::move(state));
}

ConfigurationFile::ConfigurationFile(Private, std::shared_ptr<State> state)
    : state_(std::move(state)) {}

ConfigurationFile::~ConfigurationFile() {
  if (state_->generation != fork_generation()) {
    // Its locks may be held for ever, by threads that the child does not have.
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

Result<void> ConfigurationFile::reload() { return state_->reload(); }

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

}  // namespace plimsoll::native
