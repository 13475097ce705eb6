#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <exception>
#include <memory>
#include <mutex>
#include <string_view>
#include <system_error>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "plimsoll/dump.h"
#include "plimsoll/log.h"
#include "plimsoll/native/base/fork.h"
#include "plimsoll/native/observe/of_process.h"
#include "plimsoll/native/runtime/runtime.h"

namespace plimsoll::inline v0::native {
namespace {

namespace asio = boost::asio;

// An eventfd. The signal handler adds one to it; the upkeep thread reads it and dumps. -1 means
// that there is no thread to wake.
std::atomic<int> wake = -1;
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler reads it");

extern "C" void wake_upkeep(int) {
  const int saved = errno;
  const int descriptor = wake.load();
  const std::uint64_t one = 1;
  if (descriptor >= 0) [[maybe_unused]]
    const auto written = ::write(descriptor, &one, sizeof one);
  errno = saved;
}

// In a child of fork() the eventfd is the parent's: a signal of the child must not make the parent
// dump.
[[maybe_unused]] const int dump_registered = ::pthread_atfork(nullptr, nullptr, [] {
  const int inherited = wake.exchange(-1);
  if (inherited >= 0) ::close(inherited);
});

Error refusal(std::string_view field, const std::string& value, std::string_view why,
              std::string_view expected) {
  std::string text = "dump.";
  text.append(field).append(" is ").append(value).append(": ").append(why);
  text.append("; expected ").append(expected);
  return Error(ErrorCode::invalid_option, Executed::no, text);
}

// Opens the file so that only its owner may read it. Refuses anything but a regular file: a pipe
// could block the upkeep thread.
int open_for_dumps(const std::string& path) {
  constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  const int file = ::open(path.c_str(), flags, 0600);
  struct stat found{};
  if (file < 0 || (::fstat(file, &found) == 0 && !S_ISFIFO(found.st_mode))) return file;
  ::close(file);
  errno = ENXIO;
  return -1;
}

std::string last_words() { return std::system_category().message(errno); }

// Returns whether all of the text was written; otherwise errno says why not.
bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void write_dump(const DumpOptions& options, std::string_view text) {
  const bool to_file = !options.path.empty();
  const int descriptor = to_file ? open_for_dumps(options.path) : STDERR_FILENO;
  if (descriptor < 0 || !write_all(descriptor, text)) {
    log(Severity::warn, "plimsoll.dump.failed",
        "a dump was not written to " + (to_file ? options.path : "standard error") + ": " +
            last_words());
  }
  if (to_file && descriptor >= 0) ::close(descriptor);
}

bool is_allowed(int signal) {
  if (signal == SIGUSR1 || signal == SIGUSR2 || signal == SIGHUP || signal == SIGWINCH) return true;
  return signal >= SIGRTMIN && signal <= SIGRTMAX;
}

bool is_ours(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == wake_upkeep;
}

bool is_somebodys(const struct sigaction& action) {
  if ((action.sa_flags & SA_SIGINFO) != 0) return true;
  return action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN && !is_ours(action);
}

class SignalDump {
 public:
  explicit SignalDump(std::uint64_t forks) : fork_count(forks) {}

  const std::uint64_t fork_count;

  Result<void> begin(const DumpOptions& options) {
    const std::lock_guard lock(mutex_);
    if (const Result<void> valid = check(options); !valid) return valid;
    if (!descriptor_) {
      if (const Result<void> opened = open(); !opened) return opened;
    }
    if (signal_ != 0 && signal_ != options.signal) uninstall();
    options_ = options;
    install(options.signal);
    return {};
  }

  void end() {
    const std::lock_guard lock(mutex_);
    uninstall();
  }

 private:
  static Result<void> check(const DumpOptions& options) {
    const std::string number = std::to_string(options.signal);
    if (!is_allowed(options.signal)) {
      return refusal("signal", number, "it means something else to programs",
                     "SIGUSR1, SIGUSR2, SIGHUP, SIGWINCH or a real-time signal");
    }
    struct sigaction now{};
    if (::sigaction(options.signal, nullptr, &now) == 0 && is_somebodys(now)) {
      return refusal("signal", number, "the program has a handler for it already",
                     "another signal, or a call of dump_text() where that handler can");
    }
    if (options.path.empty()) return {};
    const int file = open_for_dumps(options.path);
    if (file < 0) {
      return refusal("path", "\"" + options.path + "\"", last_words(), "a file to append to");
    }
    ::close(file);
    return {};
  }

  Result<void> open() try {
    const asio::any_io_executor upkeep = Runtime::get().upkeep();
    const int event = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (event < 0) return refusal("signal", "to be waited for", last_words(), "a free descriptor");
    descriptor_ = std::make_unique<asio::posix::stream_descriptor>(upkeep, event);
    wake = event;
    wait();
    return {};
  } catch (const std::system_error& problem) {
    return refusal("signal", "to be waited for", problem.what(),
                   "a system that can start one more thread");
  }

  void wait() {
    descriptor_->async_wait(asio::posix::descriptor_base::wait_read,
                            [this](const boost::system::error_code& problem) {
                              if (problem || fork_count != current_fork_count()) return;
                              handle_signal();
                              wait();
                            });
  }

  void handle_signal() {
    std::uint64_t signals = 0;
    if (::read(descriptor_->native_handle(), &signals, sizeof signals) <= 0) return;
    DumpOptions options;
    {
      const std::lock_guard lock(mutex_);
      options = options_;
    }
    try {
      write_dump(options, dump_text(options.configuration));
    } catch (const std::exception& problem) {  // from the callback, or out of memory
      log(Severity::warn, "plimsoll.dump.failed",
          std::string("a dump could not be put together: ") + problem.what());
    }
  }

  void install(int signal) {
    struct sigaction ours{};
    ours.sa_handler = wake_upkeep;
    ours.sa_flags = SA_RESTART;
    ::sigemptyset(&ours.sa_mask);
    struct sigaction before{};
    ::sigaction(signal, &ours, &before);
    if (!is_ours(before)) before_ = before;
    signal_ = signal;
  }

  void uninstall() {
    struct sigaction now{};
    const int signal = std::exchange(signal_, 0);
    if (signal == 0 || ::sigaction(signal, nullptr, &now) != 0 || !is_ours(now)) return;
    ::sigaction(signal, &before_, nullptr);
  }

  std::mutex mutex_;
  DumpOptions options_;
  int signal_ = 0;  // 0: none
  struct sigaction before_{};
  std::unique_ptr<asio::posix::stream_descriptor> descriptor_;
};

}  // namespace

Result<void> dump_on_signal(const DumpOptions& options) {
  return of_process<SignalDump>().begin(options);
}

void stop_dumping_on_signal() { of_process<SignalDump>().end(); }

}  // namespace plimsoll::inline v0::native
