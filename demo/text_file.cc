#include "plimsoll/demo/text_file.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>

#include "plimsoll/demo/bad_input.h"

namespace plimsoll::demo {
namespace {

constexpr const char* decompressor = "/usr/lib/apt/apt-helper";

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& reason) {
  throw BadInput(path.string() + ": " + reason);
}

std::string reason_of(int error) { return std::system_category().message(error); }

class FileDescriptor {
 public:
  explicit FileDescriptor(int number) : number_(number) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() { close(); }
  [[nodiscard]] int number() const { return number_; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

std::string read_to_end(const FileDescriptor& file, const std::filesystem::path& path) {
  std::string text;
  std::array<char, 65536> piece;
  for (;;) {
    const auto count = ::read(file.number(), piece.data(), piece.size());
    if (count == 0) return text;
    if (count > 0) {
      text.append(piece.data(), static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      fail(path, reason_of(errno));
    }
  }
}

FileDescriptor open_for_reading(const std::filesystem::path& path) {
  const int number = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (number < 0) fail(path, reason_of(errno));
  return FileDescriptor(number);
}

std::string read_decompressed(const std::filesystem::path& path) {
  open_for_reading(path);  // for the plain reason, where it cannot be read at all
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail(path, reason_of(errno));
  FileDescriptor output(ends[0]);
  FileDescriptor input(ends[1]);

  std::string command = decompressor;
  std::string verb = "cat-file";
  std::string argument = path.string();
  std::array<char*, 4> arguments = {command.data(), verb.data(), argument.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input.number(), STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int error =
      ::posix_spawn(&child, decompressor, &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) fail(path, std::string("needs ") + decompressor + ": " + reason_of(error));

  input.close();  // else the pipe would never end
  auto text = read_to_end(output, path);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fail(path, "cannot be decompressed");
  return text;
}

bool is_compressed(const std::filesystem::path& path) {
  constexpr std::array<std::string_view, 5> endings = {".lz4", ".xz", ".gz", ".bz2", ".zst"};
  return std::ranges::find(endings, path.extension().string()) != endings.end();
}

}  // namespace

std::string read_text(const std::filesystem::path& path) {
  if (is_compressed(path)) return read_decompressed(path);
  return read_to_end(open_for_reading(path), path);
}

}  // namespace plimsoll::demo
