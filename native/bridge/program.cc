#include "plimsoll/native/bridge/program.h"

#include <chrono>
#include <csignal>
#include <iostream>
#include <ostream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/log.h"
#include "plimsoll/native/bridge/event_log.h"
#include "plimsoll/native/bridge/log_output.h"
#include "plimsoll/native/bridge/prepare.h"
#include "plimsoll/native/bridge/servers.h"
#include "plimsoll/native/bridge/start_check.h"
#include "plimsoll/native/bridge/status_pages.h"
#include "plimsoll/native/bridge/tokens/watched_tokens.h"
#include "plimsoll/native/runtime/runtime.h"

namespace plimsoll::bridge {
namespace {

namespace asio = boost::asio;
using native::Severity;
using Tcp = asio::ip::tcp;

std::string to_text(const Tcp::endpoint& endpoint) {
  return ListenAddress{.host = endpoint.address().to_string(), .port = endpoint.port()}.to_string();
}

// The access log's output, which stays open as long as the bridge runs.
class AccessOutput {
 public:
  explicit AccessOutput(LogOutput& errors) : errors_(errors) {}

  bool open(const std::string& name) {
    if (name.empty()) return true;
    if (name == "stderr") {
      out_.rdbuf(&errors_);
      return true;
    }
    out_.rdbuf(&file_);
    return file_.open(name);
  }
  bool reopen() { return file_.reopen(); }

  /// Null: no access log is wanted.
  std::ostream* out() { return out_.rdbuf() == nullptr ? nullptr : &out_; }

 private:
  LogOutput& errors_;
  LogOutput file_;
  std::ostream out_{nullptr};
};

// What a person, or a program that starts the bridge, waits for: on stdout, because it is no
// problem.
class Greeting {
 public:
  explicit Greeting(LogFormat format) : format_(format) {}

  void say(std::string_view event, const std::string& text) {
    switch (format_) {
      case LogFormat::text: std::cout << text << '\n'; break;
      case LogFormat::json: std::cout << json_line(Severity::info, event, text); break;
    }
    std::cout << std::flush;
  }

 private:
  const LogFormat format_;
};

void greet(const Config& config, const Servers& servers) {
  Greeting greeting(config.log_format);
  const std::string s = config.certificate_file.empty() ? "" : "s";
  for (const Tcp::endpoint& each : servers.endpoints()) {
    const std::string address = s + "://" + to_text(each) + "/";
    if (!config.pages_folder.empty()) greeting.say("pages", "pages on http" + address);
    greeting.say("listening", "listening on ws" + address);
  }
  // Not a line of a log, in any format: the person who starts the bridge gets a secret.
  if (!config.local_token.empty()) std::cout << "token: " << config.local_token << std::endl;
}

// Writes what the native library says to the log, too, as long as this object lives.
class LibraryLog {
 public:
  explicit LibraryLog(EventLog& log) {
    native::set_log_hook([&log](const native::LogRecord& record) {
      std::string body(record.body);
      if (log.format() == LogFormat::text) {
        if (record.severity < Severity::warn) return;
        body.insert(0, record.severity == Severity::warn ? "warning: " : "error: ");
      }
      log.write(record.severity, record.event_name, body, record.attributes);
    });
  }
  ~LibraryLog() { native::set_log_hook(nullptr); }
  LibraryLog(const LibraryLog&) = delete;
  LibraryLog& operator=(const LibraryLog&) = delete;
};

class Signals {
 public:
  using Act = std::function<void()>;

  Signals(asio::io_context& context, Act end, Act dump, Act reload)
      : end_(context, SIGTERM, SIGINT), dump_(context, SIGUSR1), reload_(context, SIGHUP) {
    repeat(end_, std::move(end));
    repeat(dump_, std::move(dump));
    repeat(reload_, std::move(reload));
  }

  void stop() {
    is_over_ = true;
    for (asio::signal_set* const each : {&end_, &dump_, &reload_}) each->cancel();
  }

 private:
  // A signal may have come, and its handler been queued, right before stop(): then nothing waits
  // for another.
  void repeat(asio::signal_set& signals, Act act) {
    signals.async_wait([this, &signals, act](const boost::system::error_code& problem, int) {
      if (problem || is_over_) return;
      act();
      repeat(signals, act);
    });
  }

  asio::signal_set end_;
  asio::signal_set dump_;
  asio::signal_set reload_;
  bool is_over_ = false;
};

void report(const ReadConfig& read, EventLog& log) {
  for (const std::string& warning : read.draft.warnings.lines()) {
    log.write(Severity::warn, "configuration_doubtful", "warning: " + warning);
  }
  for (const std::string& problem : read.problems.lines()) {
    log.write(Severity::error, "configuration_invalid", problem);
  }
}

// Adds what is only needed for a start, and reports the whole.
void finish_and_report(ReadConfig& read, EventLog& log) {
  check_start(read.draft, std::chrono::system_clock::now(), read.problems);
  report(read, log);
}

void name_left_out(const Pages& pages, EventLog& log) {
  for (const std::string& link : pages.left_out()) {
    log.write(Severity::warn, "page_left_out",
              "pages: " + link + " is not served: it leads out of the folder, or not to a page");
  }
}

class Program {
 public:
  Program(const Config& config, std::function<ReadConfig()> read_again, Prepared prepared,
          Budget& budget, AccessOutput& access_output, AccessLog& access, EventLog& log)
      : config_(config),
        read_again_(std::move(read_again)),
        prepared_(std::move(prepared)),
        access_output_(access_output),
        log_(log),
        tokens_(config.profiles, config.static_tokens, config.jwt_key_files),
        servers_(
            prepared_.settings,
            [this](std::string_view token, std::chrono::system_clock::time_point now) {
              return tokens_.verify(token, now);
            },
            prepared_.policies, budget, access, config.threads),
        pages_(servers_, prepared_.settings, budget) {}

  void run(HeldSignals& held) {
    // Before anything is opened or said: who notices that may send a signal at once.
    Signals signals(
        servers_.context(), [&] { leave(signals); }, [this] { dump(); }, [this] { reload(); });
    held.release();
    listen("listen", [this] { servers_.start(); });
    if (config_.metrics) {
      listen("metrics", [this] {
        pages_.start({asio::ip::make_address(config_.metrics->host), config_.metrics->port});
      });
      Greeting(config_.log_format)
          .say("metrics_listening", "metrics on http://" + to_text(pages_.endpoint()) + "/metrics");
    }
    watch_files();
    greet(config_, servers_);
    servers_.run();
  }

 private:
  void leave(Signals& signals) {
    if (config_.limits.lame_duck.count() > 0 && !servers_.is_leaving()) {
      log_.write(Severity::info, "lame_duck",
                 "going: new connections are still accepted; another signal ends that");
    }
    servers_.leave(config_.limits.lame_duck, config_.limits.drain_timeout, [this, &signals] {
      pages_.stop();
      signals.stop();
      is_over_ = true;
      watch_.cancel();
    });
  }

  void dump() { asio::co_spawn(servers_.context(), write_metrics(), asio::detached); }

  asio::awaitable<void> write_metrics() {
    log_.dump("metrics", pages_.metrics(co_await servers_.done()));
  }

  // Throws with the setting in front of the address and the reason, which start() names.
  template <class Start>
  static void listen(const std::string& key, const Start& start) {
    try {
      start();
    } catch (const std::system_error& problem) {
      throw std::runtime_error(key + ": cannot listen on " + problem.what());
    }
  }

  // Reads tokens and keys again. If what was read is invalid, the old ones stay in force. What
  // counts from the next start is checked as well, but does not keep a token from being withdrawn.
  void reload() {
    constexpr std::string_view refused = "reload_refused";
    if (!access_output_.reopen()) {
      log_.write(Severity::error, "access_log_unwritable",
                 "SIGHUP: access_log: " + config_.access_log +
                     ": cannot be written; the file that was open stays in use");
    }
    if (!config_.local_token.empty()) {
      return log_.write(Severity::warn, refused,
                        "SIGHUP: with --local there is nothing to read again");
    }
    ReadConfig read = read_again_();
    finish_and_report(read, log_);
    if (!read.has_usable_tokens) {
      return log_.write(Severity::error, refused, "SIGHUP: the old tokens and keys stay in force");
    }
    Config& config = read.draft.config;
    // The profiles stay those of the start, because connections refer to them.
    tokens_.replace(std::move(config.static_tokens), std::move(config.jwt_key_files));
    recheck_tokens();
    if (read.problems.empty()) {
      log_.write(Severity::info, "reloaded",
                 "SIGHUP: tokens and keys were read again; other changes need a restart");
    } else {
      log_.write(Severity::warn, "reloaded",
                 "SIGHUP: tokens and keys were read again; but with these problems the bridge "
                 "would not start");
    }
  }

  // Says what happened to the files of keys, and ends connections whose keys are gone.
  void recheck_tokens() {
    for (const std::string& note : tokens_.take_notes()) {
      log_.write(Severity::warn, "jwt_keys", note);
    }
    if (!tokens_.take_change()) return;
    servers_.recheck(
        [this](const Authorization& authorization) { return tokens_.holds(authorization); });
  }

  // Reports certificates that could not be read. A changed certificate is read when the next
  // connection needs it; this only looks at the result from time to time.
  void watch_certificates() {
    for (std::size_t i = 0; i < prepared_.tls.size(); ++i) {
      const std::string problem = prepared_.tls[i]->problem();
      if (!problem.empty() && problem != file_problems_[i]) {
        log_.write(Severity::error, "certificate_unreadable",
                   problem + "; the files that were read before stay in force");
      }
      file_problems_[i] = problem;
    }
  }

  // Keys for JWTs are also looked at without a new connection, because connections that are open
  // end when their key is gone.
  void watch_files() {
    watch_certificates();
    tokens_.look_at_files();
    recheck_tokens();
    watch_.expires_after(watch_interval);
    // The handler may already have been queued when the timer was cancelled.
    watch_.async_wait([this](const boost::system::error_code& problem) {
      if (!problem && !is_over_) watch_files();
    });
  }

  static constexpr std::chrono::seconds watch_interval{1};

  const Config& config_;
  const std::function<ReadConfig()> read_again_;
  const Prepared prepared_;
  AccessOutput& access_output_;
  EventLog& log_;
  WatchedTokens tokens_;
  Servers servers_;
  StatusPages pages_;
  asio::steady_timer watch_{servers_.context()};
  bool is_over_ = false;
  std::vector<std::string> file_problems_ = std::vector<std::string>(prepared_.tls.size());
};

}  // namespace

int check(ReadConfig read, EventLog& log) {
  log.set_format(read.draft.config.log_format);
  finish_and_report(read, log);
  if (!read.problems.empty()) return 1;
  prepare(read.draft.config);
  for (const JwtKeyFile& file : read.draft.config.jwt_key_files) {
    for (const std::string& line : file.left_out()) log.write(Severity::warn, "jwt_keys", line);
  }
  std::cout << "the configuration is valid\n";
  return 0;
}

int run(ReadConfig read, const std::function<ReadConfig()>& read_again, LogOutput& errors,
        EventLog& log, HeldSignals& held) {
  log.set_format(read.draft.config.log_format);
  const LibraryLog library_log(log);
  const auto fail = [&log](std::string_view what) {
    log.write(Severity::error, "start_failed", what);
    return 1;
  };
  finish_and_report(read, log);
  if (!read.problems.empty()) return 1;
  const Config& config = read.draft.config;
  Prepared prepared = prepare(config);
  AccessOutput access(errors);
  if (!access.open(config.access_log)) {
    return fail("access_log: " + config.access_log + ": cannot be written");
  }
  const auto budget = native::Runtime::get().budget(std::to_string(config.limits.memory_limit));
  if (!budget) return fail(budget.error().what());
  const AccountHandle page_account = (*budget)->open_account(PoolKind::cache);
  Charge page_charge(*page_account);
  if (prepared.pages && !page_charge.grow(prepared.pages->bytes())) {
    return fail("pages: " + config.pages_folder + " has files of " +
                std::to_string(prepared.pages->bytes()) + " bytes, more than memory_limit allows");
  }
  if (const auto made = make_caches(config, prepared); !made) return fail(made.error().what());
  if (prepared.pages) name_left_out(*prepared.pages, log);
  AccessLog access_log(access.out());
  Program(config, read_again, std::move(prepared), **budget, access, access_log, log).run(held);
  return 0;
}

}  // namespace plimsoll::bridge
