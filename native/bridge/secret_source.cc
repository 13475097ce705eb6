#include "plimsoll/native/bridge/secret_source.h"

#include <cstdlib>

#include "plimsoll/native/config/plain_name.h"

namespace plimsoll::bridge {
namespace {

native::Error invalid(const std::string& text) {
  return native::Error(ErrorCode::invalid_option, Executed::no, text);
}

}  // namespace

native::Result<std::string> read_secret_variable(const std::string& name) {
  // Any other text may be the secret itself.
  if (!native::config::is_plain_name(name)) return invalid("is no name of an environment variable");
  const char* const value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return invalid(name + ": is not set, or empty");
  return std::string(value);
}

}  // namespace plimsoll::bridge
