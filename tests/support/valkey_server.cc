#include "plimsoll/tests/support/valkey_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <utility>

#include "plimsoll/tests/support/inline_command.h"
#include "plimsoll/tests/support/test_timeout.h"

namespace plimsoll::testing {
namespace {

using namespace std::chrono_literals;

constexpr auto start_limit = 10s;
constexpr auto reply_limit = 5s;

std::string program_or_default(const std::string& program) {
  if (!program.empty()) return program;
  const char* chosen = std::getenv("PLIMSOLL_VALKEY_SERVER");
  return chosen != nullptr && *chosen != '\0' ? chosen : "valkey-server";
}

// The beginning of what a server says to PING: in all but these cases it has loaded its data.
constexpr std::string_view ready = "+PONG";
constexpr std::string_view asks_for_password = "-NOAUTH";
constexpr std::string_view loading = "-LOADING";

}  // namespace

ValkeyServer::ValkeyServer(ValkeyServerOptions options)
    : options_(std::move(options)),
      socket_path_(directory_.path() + "/socket"),
      log_path_(directory_.path() + "/log") {
  options_.program = program_or_default(options_.program);
  if (options_.listen != Listen::unix_socket) {
    held_port_ = bind_tcp(0);
    port_ = port_of(held_port_);
  }
  if (!start(ready)) throw did_not_start();
}

std::string ValkeyServer::url() const {
  if (port_ == 0) return "unix://" + socket_path_;
  const bool tls = options_.listen == Listen::unix_socket_and_tls;
  return (tls ? "valkeys://127.0.0.1:" : "valkey://127.0.0.1:") + std::to_string(port_);
}

std::string ValkeyServer::ask(std::string_view command) const {
  auto reply = inline_command(socket_path_, command, test_timeout(reply_limit));
  if (!reply) throw std::runtime_error("the server does not answer: " + std::string(command));
  return *std::move(reply);
}

void ValkeyServer::pause() { process_->pause(); }

void ValkeyServer::resume() { process_->resume(); }

void ValkeyServer::kill() { process_->kill(); }

void ValkeyServer::restart(Data data) {
  kill();
  if (data == Data::lost) forget_data();
  if (!start(ready)) throw did_not_start();
}

void ValkeyServer::restart_loading() {
  kill();
  const std::vector<std::string> before = options_.arguments;
  // A pause at each key, and a look at the clients behind each KiB.
  for (const char* word : {"--key-load-delay", "20000",  //
                           "--loading-process-events-interval-bytes", "1024"}) {
    options_.arguments.emplace_back(word);
  }
  const bool started = start(loading);
  options_.arguments = before;
  if (!started) throw did_not_start();
}

void ValkeyServer::finish_loading() {
  ask("CONFIG SET key-load-delay 0");
  if (!wait_until_it_says(ready)) throw did_not_start();
}

void ValkeyServer::forget_data() {
  for (const char* name : {"/dump.rdb", "/appendonlydir"}) {
    std::filesystem::remove_all(directory_.path() + name);
  }
}

bool ValkeyServer::start(std::string_view first_words) {
  ::unlink(socket_path_.c_str());
  ::unlink(log_path_.c_str());
  process_ = std::make_unique<ChildProcess>(command(), log_path_);
  if (wait_until_it_says(first_words)) return true;
  process_->kill();
  return false;
}

bool ValkeyServer::wait_until_it_says(std::string_view words) {
  const auto deadline = std::chrono::steady_clock::now() + test_timeout(start_limit);
  while (process_->running() && std::chrono::steady_clock::now() < deadline) {
    const auto reply = inline_command(socket_path_, "PING", 1s);
    const bool said = reply && reply->starts_with(words);
    if (said || (reply && reply->starts_with(asks_for_password))) return true;
    std::this_thread::sleep_for(2ms);
  }
  return false;
}

std::vector<std::string> ValkeyServer::command() const {
  const bool tls = options_.listen == Listen::unix_socket_and_tls;
  std::vector<std::string> all = {options_.program,
                                  "--port",
                                  std::to_string(tls ? 0 : port_),
                                  "--bind",
                                  "127.0.0.1",
                                  "--unixsocket",
                                  socket_path_,
                                  "--unixsocketperm",
                                  "700",
                                  "--dir",
                                  directory_.path(),
                                  "--daemonize",
                                  "no",
                                  "--save",
                                  "",
                                  "--appendonly",
                                  "no"};
  if (tls) all.insert(all.end(), {"--tls-port", std::to_string(port_)});
  all.insert(all.end(), options_.arguments.begin(), options_.arguments.end());
  return all;
}

std::runtime_error ValkeyServer::did_not_start() const {
  return std::runtime_error(options_.program + " did not start: " + last_words());
}

std::string ValkeyServer::last_words() const {
  constexpr std::size_t length_max = 2000;
  std::ifstream log(log_path_);
  std::string text{std::istreambuf_iterator<char>(log), std::istreambuf_iterator<char>()};
  if (text.size() > length_max) text.erase(0, text.size() - length_max);
  return text.empty() ? "it wrote nothing (is it installed?)" : text;
}

}  // namespace plimsoll::testing
