#include "plimsoll/native/bridge/secret_source.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "plimsoll/native/bridge/plain_name.h"

namespace plimsoll::bridge {
namespace {

native::Error invalid(const std::string& text) {
  return native::Error(ErrorCode::invalid_option, Executed::no, text);
}

}  // namespace

native::Result<std::string> read_bounded_file(const std::string& path, std::size_t bytes_max) {
  const std::unique_ptr<std::FILE, decltype(&std::fclose)> file(std::fopen(path.c_str(), "rbe"),
                                                                &std::fclose);
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

native::Result<std::string> read_secret_file(const std::string& path) {
  auto bytes = read_bounded_file(path, secret_bytes_max);
  if (!bytes) return bytes;
  if (bytes->ends_with('\n')) bytes->pop_back();
  if (bytes->ends_with('\r')) bytes->pop_back();
  if (bytes->empty()) return invalid(path + ": is empty");
  return bytes;
}

native::Result<std::string> read_secret_variable(const std::string& name) {
  // Any other text may be the secret itself.
  if (!is_plain_name(name)) return invalid("is no name of an environment variable");
  const char* const value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return invalid(name + ": is not set, or empty");
  return std::string(value);
}

}  // namespace plimsoll::bridge
