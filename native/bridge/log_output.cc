#include "plimsoll/native/bridge/log_output.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

namespace plimsoll::bridge {
namespace {

// With O_NONBLOCK, a FIFO without a reader is an error; otherwise this would wait for one.
int open_to_append(const std::string& file) {
  return ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
}

// Whether a write of PIPE_BUF bytes would not wait. Standard error is not made non-blocking for
// this, because other processes have the same pipe.
bool is_writable(int descriptor) {
  pollfd wanted{.fd = descriptor, .events = POLLOUT, .revents = 0};
  return ::poll(&wanted, 1, 0) == 1 && (wanted.revents & POLLOUT) != 0;
}

bool is_file(int descriptor) {
  struct stat status{};
  return ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

LogOutput::~LogOutput() {
  if (!file_.empty()) ::close(descriptor_);
}

bool LogOutput::open(const std::string& file) {
  const int opened = open_to_append(file);
  if (opened < 0) return false;
  descriptor_ = opened;
  file_ = file;
  return true;
}

bool LogOutput::reopen() {
  const std::lock_guard lock(mutex_);
  if (file_.empty()) return true;
  const int opened = open_to_append(file_);
  if (opened < 0) return false;
  ::close(descriptor_);
  descriptor_ = opened;
  is_torn_ = false;
  return true;
}

std::streamsize LogOutput::xsputn(const char* text, std::streamsize size) {
  const std::lock_guard lock(mutex_);
  if (!write_all({text, static_cast<std::size_t>(size)})) {
    lines_lost_.fetch_add(1, std::memory_order_relaxed);
  }
  return size;
}

LogOutput::int_type LogOutput::overflow(int_type letter) {
  const char text = traits_type::to_char_type(letter);
  if (letter != traits_type::eof()) xsputn(&text, 1);
  return traits_type::not_eof(letter);
}

// The caller holds the lock.
bool LogOutput::write_all(std::string_view text) {
  const bool at_once = is_file(descriptor_);
  bool ends_torn_line = is_torn_;
  while (!text.empty()) {
    if (!at_once && !is_writable(descriptor_)) return false;
    if (ends_torn_line && ::write(descriptor_, "\n", 1) != 1) return false;
    ends_torn_line = false;
    const std::size_t size = at_once ? text.size() : std::min<std::size_t>(text.size(), PIPE_BUF);
    const ssize_t written = ::write(descriptor_, text.data(), size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
    is_torn_ = !text.empty();
  }
  return true;
}

}  // namespace plimsoll::bridge
