#include "plimsoll/native/error.h"

#include <array>

namespace plimsoll::native {
namespace {

std::string sentence(const plimsoll::Error& error) {
  std::array<char, error_text_max> text;
  return std::string(describe(error, text));
}

std::string sentence(ErrorCode code, std::string_view text) {
  std::string all(name(code));
  all += ": ";
  all += text;
  return all;
}

}  // namespace

Error::Error(const plimsoll::Error& error)
    : std::runtime_error(sentence(error)), code_(error.code), executed_(error.executed) {}

Error::Error(ErrorCode code, Executed executed, std::string_view text)
    : std::runtime_error(sentence(code, text)), code_(code), executed_(executed) {}

std::string_view Error::text() const {
  return std::string_view(what()).substr(name(code_).size() + 2);
}

std::string_view Error::server_text() const {
  return code_ == ErrorCode::server_error ? text() : std::string_view();
}

std::string_view Error::server_code() const {
  const std::string_view text = server_text();
  return text.substr(0, text.find(' '));
}

}  // namespace plimsoll::native
