#include "plimsoll/bench/burst/subject.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include "plimsoll/bench/program.h"

namespace plimsoll::bench {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_with(const Allocator& allocator) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with("LD_PRELOAD=")) variables.emplace_back(*variable);
  }
  if (*allocator.library != '\0') {
    variables.push_back(std::string("LD_PRELOAD=") + allocator.library);
  }
  return variables;
}

}  // namespace

std::size_t anonymous_bytes(const std::string& smaps_rollup) {
  constexpr std::string_view label = "\nAnonymous:";
  const std::size_t at = smaps_rollup.find(label);
  if (at == std::string::npos) return 0;
  return std::strtoull(smaps_rollup.c_str() + at + label.size(), nullptr, 10) * 1024;
}

Subject::Subject(const WorkerOptions& options, const Allocator& allocator) {
  start(options, allocator);
  while (!is_ready()) usleep(1000);
  const std::string maps = read_file("/proc/" + std::to_string(pid_) + "/maps");
  if (maps.find(allocator.library) == std::string::npos) {
    fail(allocator.library, "cannot be preloaded: ./dev setup bench installs it");
  }
}

Subject::~Subject() {
  close(input_);
  close(output_);
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Subject::start(const WorkerOptions& options, const Allocator& allocator) {
  int in[2];
  int out[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) fail("pipe", std::strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);

  std::vector<std::string> command = arguments_of(options);
  command.insert(command.begin(), own_path());
  std::vector<std::string> environment = environment_with(allocator);
  const int error = posix_spawn(&pid_, command[0].c_str(), &actions, nullptr,
                                pointers_to(command).data(), pointers_to(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) fail(command[0], std::strerror(error));
  close(in[0]);
  close(out[1]);
  input_ = in[1];
  output_ = out[0];
  fcntl(output_, F_SETFL, O_NONBLOCK);
}

const Account& Subject::account() {
  read_lines();
  return account_;
}

bool Subject::is_ready() {
  read_lines();
  return has_spoken_;
}

void Subject::read_lines() {
  char room[4096];
  for (;;) {
    const auto got = read(output_, room, sizeof room);
    if (got == 0) fail("burst", "the worker has ended");
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) break;
    unread_.append(room, static_cast<std::size_t>(got));
  }
  for (std::size_t end; (end = unread_.find('\n')) != std::string::npos;) {
    const auto account = from_line(std::string_view(unread_).substr(0, end));
    if (!account) fail("the worker says what is no account", unread_);
    account_ = *account;
    has_spoken_ = true;
    unread_.erase(0, end + 1);
  }
}

std::size_t Subject::anonymous_bytes() const {
  return bench::anonymous_bytes(read_file("/proc/" + std::to_string(pid_) + "/smaps_rollup"));
}

}  // namespace plimsoll::bench
