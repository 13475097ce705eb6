#include "plimsoll/native/container/file_tree.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace plimsoll::inline v0::native::container {
namespace {

constexpr std::size_t piece_bytes = 4096;

FileText failed(std::string_view path, const std::string& why) {
  return {.state = FileText::State::failed, .problem = std::string(path) + ": " + why};
}

FileText failed(std::string_view path, int error) {
  // Files of a cgroup that is being removed return ENODEV.
  if (error == ENOENT || error == ENOTDIR || error == ENODEV) return {};
  return failed(path, std::generic_category().message(error));
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

}  // namespace

FileText FileTree::read(std::string_view path, std::size_t bytes_max) const {
  const std::string full = root_ + std::string(path);
  // Something that is not a regular file, such as a pipe in a test's tree, must not block the
  // reader.
  const Descriptor file(::open(full.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0) return failed(path, errno);
  FileText result{.state = FileText::State::read};
  while (true) {
    const std::size_t before = result.text.size();
    result.text.resize(before + piece_bytes);
    const ssize_t got = ::read(file.number(), result.text.data() + before, piece_bytes);
    if (got < 0 && errno == EINTR) {
      result.text.resize(before);
      continue;
    }
    if (got < 0) return failed(path, errno);
    result.text.resize(before + static_cast<std::size_t>(got));
    if (result.text.size() > bytes_max) {
      return failed(path, "has more than " + std::to_string(bytes_max) + " bytes");
    }
    if (got == 0) return result;
  }
}

}  // namespace plimsoll::inline v0::native::container
