#include "plimsoll/native/config/text/bounded_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace plimsoll::inline v0::native::config {
namespace {

Error invalid(const std::string& text) {
  return Error(ErrorCode::invalid_option, Executed::no, text);
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

Result<std::string> read_bounded_file(const std::string& path, std::size_t bytes_max) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rbe"));
  if (!file) return invalid(path + ": " + std::strerror(errno));
  std::string bytes(bytes_max + 1, '\0');
  errno = 0;
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file.get()));
  if (std::ferror(file.get()) != 0) return invalid(path + ": " + std::strerror(errno));
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
