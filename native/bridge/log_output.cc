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

// How long a reader may take to make room for a text of several lines, such as all metrics, which a
// pipe need not take at once. A line does not wait, however long: a client may have chosen its
// size.
constexpr std::chrono::milliseconds text_patience{100};

// With O_NONBLOCK, a FIFO without a reader is an error; otherwise this would wait for one.
int open_to_append(const std::string& file) {
  return ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
}

// Whether a write of PIPE_BUF bytes would not wait. Standard error is not made non-blocking for
// this, because other processes have the same pipe.
bool is_writable(int descriptor, std::chrono::steady_clock::time_point until) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  pollfd wanted{.fd = descriptor, .events = POLLOUT, .revents = 0};
  const int wait = std::max(0, static_cast<int>(left.count()));
  return ::poll(&wanted, 1, wait) == 1 && (wanted.revents & POLLOUT) != 0;
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
  const std::string_view given(text, static_cast<std::size_t>(size));
  if (!(is_torn_ ? write_all("\n" + std::string(given)) : write_all(given))) {
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
  // A file takes a text whole, and does not make its writer wait for a reader.
  const std::size_t piece_max = is_file(descriptor_) ? text.size() : PIPE_BUF;
  const bool is_line = text.find('\n', is_torn_ ? 1 : 0) + 1 == text.size();
  const Clock::time_point until = Clock::now() + (is_line ? Clock::duration() : text_patience);
  while (!text.empty()) {
    const std::size_t written = write_piece(text.substr(0, piece_max), until);
    if (written == 0) return false;
    text.remove_prefix(written);
    is_torn_ = !text.empty();
  }
  return true;
}

// Returns how much of the text was written; 0: nothing, because that would wait, or cannot be.
std::size_t LogOutput::write_piece(std::string_view text, Clock::time_point until) {
  for (;;) {
    if (!is_writable(descriptor_, until)) return 0;
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written >= 0) return static_cast<std::size_t>(written);
    if (errno != EINTR) return 0;
  }
}

}  // namespace plimsoll::bridge
