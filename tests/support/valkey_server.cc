#include "plimsoll/tests/support/valkey_server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
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
constexpr int port_attempts_max = 5;

std::string program_or_default(const std::string& program) {
  if (!program.empty()) return program;
  const char* chosen = std::getenv("PLIMSOLL_VALKEY_SERVER");
  return chosen != nullptr && *chosen != '\0' ? chosen : "valkey-server";
}

// A port that nobody had a moment ago. Another process can take it before the server does, so a
// server that does not come up is tried again with another one.
std::uint16_t free_port() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool bound = socket >= 0 && ::bind(socket, generic, size) == 0 &&
                     ::getsockname(socket, generic, &size) == 0;
  ::close(socket);
  if (!bound) throw std::runtime_error("no free port on 127.0.0.1");
  return ntohs(address.sin_port);
}

// What a server replies that is up: it may ask for a password, but it has loaded its data.
bool is_ready(const std::string& reply) {
  return reply.starts_with("+PONG") || reply.starts_with("-NOAUTH");
}

}  // namespace

ValkeyServer::ValkeyServer(ValkeyServerOptions options)
    : options_(std::move(options)),
      socket_path_(directory_.path() + "/socket"),
      log_path_(directory_.path() + "/log") {
  options_.program = program_or_default(options_.program);
  if (options_.listen == Listen::unix_socket_and_tcp) port_ = free_port();
  for (int attempt = 1; !start(); ++attempt) {
    const bool port_was_taken =
        port_ != 0 && last_words().find("Address already in use") != std::string::npos;
    if (!port_was_taken || attempt == port_attempts_max) throw did_not_start();
    port_ = free_port();
  }
}

std::string ValkeyServer::url() const {
  if (port_ == 0) return "unix://" + socket_path_;
  return "valkey://127.0.0.1:" + std::to_string(port_);
}

std::string ValkeyServer::ask(std::string_view command) const {
  auto reply = inline_command(socket_path_, command, test_timeout(reply_limit));
  if (!reply) throw std::runtime_error("the server does not answer: " + std::string(command));
  return *std::move(reply);
}

void ValkeyServer::pause() { process_->pause(); }

void ValkeyServer::resume() { process_->resume(); }

void ValkeyServer::kill() { process_->kill(); }

void ValkeyServer::restart() {
  kill();
  if (!start()) throw did_not_start();
}

bool ValkeyServer::start() {
  ::unlink(socket_path_.c_str());
  ::unlink(log_path_.c_str());
  process_ = std::make_unique<ChildProcess>(command(), log_path_);
  if (wait_until_ready()) return true;
  process_->kill();
  return false;
}

bool ValkeyServer::wait_until_ready() {
  const auto deadline = std::chrono::steady_clock::now() + test_timeout(start_limit);
  while (process_->running() && std::chrono::steady_clock::now() < deadline) {
    const auto reply = inline_command(socket_path_, "PING", 1s);
    if (reply && is_ready(*reply)) return true;
    std::this_thread::sleep_for(2ms);
  }
  return false;
}

std::vector<std::string> ValkeyServer::command() const {
  std::vector<std::string> all = {options_.program,
                                  "--port",
                                  std::to_string(port_),
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
