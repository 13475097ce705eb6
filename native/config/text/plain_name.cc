#include "plimsoll/native/config/text/plain_name.h"

#include <algorithm>

namespace plimsoll::inline v0::native::config {

bool is_plain_name(std::string_view text) {
  return !text.empty() && text.size() <= name_size_max &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-' || c == '_' || c == '.';
         });
}

}  // namespace plimsoll::inline v0::native::config
