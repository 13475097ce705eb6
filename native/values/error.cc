#include "plimsoll/error.h"

#include <array>

namespace plimsoll::inline v0::native {
namespace {

std::string sentence(const plimsoll::Error& error, std::string_view detail) {
  std::array<char, error_text_max> text;
  std::string all(describe(error, text));
  if (!detail.empty()) {
    all += " (";
    all += detail;
    all += ')';
  }
  return all;
}

std::string sentence(ErrorCode code, std::string_view text) {
  std::string all(name(code));
  all += ": ";
  all += text;
  return all;
}

std::string sentence(const plimsoll::Error& error, ServerWords words) {
  std::string all = sentence(error.code, words.text);
  if (error.expected != nullptr) {
    all += "; expected ";
    all += error.expected;
  }
  return all;
}

// Whether what answers with this code is a bridge, and no server.
bool is_bridges(ErrorCode code) {
  return code == ErrorCode::refused_by_bridge || code == ErrorCode::lost_in_doubt ||
         code == ErrorCode::lost_unsent || code == ErrorCode::reply_too_large;
}

}  // namespace

Error::Error(const plimsoll::Error& error, std::string_view detail)
    : std::runtime_error(sentence(error, detail)), code_(error.code), executed_(error.executed) {}

Error::Error(const plimsoll::Error& error, ServerWords words)
    : std::runtime_error(sentence(error, words)),
      code_(error.code),
      executed_(error.executed),
      server_text_size_(words.text.size()) {}

Error::Error(ErrorCode code, Executed executed, ServerWords words, std::string_view more)
    : std::runtime_error(sentence(code, words.text).append(more)),
      code_(code),
      executed_(executed),
      server_text_size_(words.text.size()) {}

Error::Error(ErrorCode code, Executed executed, std::string_view text)
    : std::runtime_error(sentence(code, text)),
      code_(code),
      executed_(executed),
      server_text_size_(code == ErrorCode::server_error ? text.size() : 0) {}

std::string_view Error::text() const {
  return std::string_view(what()).substr(name(code_).size() + 2);
}

std::string_view Error::server_code() const {
  if (is_bridges(code_)) return {};
  const std::string_view text = server_text();
  return text.substr(0, text.find(' '));
}

const Error& no_memory_to_deliver(Executed executed) noexcept {
  static constexpr std::string_view text =
      "the allocator refused the memory that telling the outcome of this call needs";
  static const std::array<Error, 3> errors{Error(ErrorCode::out_of_memory, Executed::no, text),
                                           Error(ErrorCode::out_of_memory, Executed::maybe, text),
                                           Error(ErrorCode::out_of_memory, Executed::yes, text)};
  return errors[static_cast<std::size_t>(executed)];
}

}  // namespace plimsoll::inline v0::native
