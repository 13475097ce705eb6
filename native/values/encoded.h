#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <span>
#include <string>
#include <string_view>

#include "plimsoll/core/resp/encoder.h"

namespace plimsoll::inline v0::native {

/// Returns a command's bytes on the wire. CommandView::from_encoded() takes them.
inline std::string encoded(const CommandView& command) {
  std::string request(encoded_size(command), '\0');
  encode(command, request.data());
  return request;
}

/// The same for words, the command's name first.
inline std::string encoded(std::span<const std::string_view> words) {
  CommandView command;
  command.args = words;
  return encoded(command);
}

}  // namespace plimsoll::inline v0::native
