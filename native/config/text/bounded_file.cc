#include "plimsoll/native/config/text/bounded_file.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <span>

namespace plimsoll::inline v0::native::config {
namespace {

Error invalid(const std::string& text) {
  return Error(ErrorCode::invalid_option, Executed::no, text);
}

// A pipe has this long for all of its bytes. Who reads a file here waits for nothing else: a named
// pipe into which nobody writes, in the place of a file, would stop a bridge for ever.
constexpr std::chrono::seconds pipe_patience{1};

class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (is_open()) ::close(number_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  bool is_open() const { return number_ >= 0; }

  // Returns how many bytes were read: 0 at the end, -1 with errno.
  ssize_t read(std::span<char> room) const {
    for (;;) {
      const ssize_t count = ::read(number_, room.data(), room.size());
      const bool waits = count < 0 && errno == EAGAIN;
      if (count >= 0 || (errno != EINTR && !waits)) return count;
      if (waits && !wait()) return count;
    }
  }

 private:
  bool wait() const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        opened_at_ + pipe_patience - std::chrono::steady_clock::now());
    pollfd poll_for{.fd = number_, .events = POLLIN, .revents = 0};
    return left.count() > 0 && ::poll(&poll_for, 1, static_cast<int>(left.count())) != 0;
  }

  const int number_;
  const std::chrono::steady_clock::time_point opened_at_ = std::chrono::steady_clock::now();
};

}  // namespace

Result<std::string> read_bounded_file(const std::string& path, std::size_t bytes_max) {
  const auto failed = [&path] {
    return invalid(
        path + ": " +
        (errno == EAGAIN ? "is a pipe whose writer takes too long" : std::strerror(errno)));
  };
  const OpenFile file(path);
  if (!file.is_open()) return failed();
  std::string bytes(bytes_max + 1, '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t count = file.read(std::span(bytes).subspan(filled));
    if (count < 0) return failed();
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  bytes.resize(filled);
  if (bytes.size() > bytes_max) {
    return invalid(path + ": has more than " + std::to_string(bytes_max) + " bytes");
  }
  return bytes;
}

Result<std::string> read_secret_file(const std::string& path) {
  auto bytes = read_bounded_file(path, secret_bytes_max);
  if (!bytes) return bytes;
  if (bytes->ends_with('\n')) bytes->pop_back();
  if (bytes->ends_with('\r')) bytes->pop_back();
  if (bytes->empty()) return invalid(path + ": is empty");
  return bytes;
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == path.npos ? "" : path.substr(0, slash == 0 ? 1 : slash);
}

std::string path_in(const std::string& folder, const std::string& path) {
  if (path.empty() || path.starts_with('/') || folder.empty()) return path;
  return folder.ends_with('/') ? folder + path : folder + "/" + path;
}

}  // namespace plimsoll::inline v0::native::config
