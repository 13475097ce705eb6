#include "plimsoll/tests/sim/server/request_scanner.h"

namespace plimsoll::sim {

// "<sign><digits>\r\n" at size_.
RequestScanner::Found RequestScanner::read_count(std::string_view bytes, char sign,
                                                 std::size_t& count) {
  std::size_t at = size_;
  if (at == bytes.size()) return Found::incomplete;
  if (bytes[at++] != sign) return Found::nonsense;
  count = 0;
  for (; at < bytes.size() && bytes[at] != '\r'; ++at) {
    const char digit = bytes[at];
    if (digit < '0' || digit > '9' || at - size_ > 12) return Found::nonsense;
    count = count * 10 + static_cast<std::size_t>(digit - '0');
  }
  if (at + 2 > bytes.size()) return Found::incomplete;
  if (bytes[at + 1] != '\n') return Found::nonsense;
  size_ = at + 2;
  return Found::whole;
}

RequestScanner::Found RequestScanner::scan(std::string_view bytes) {
  words_.clear();
  size_ = 0;
  std::size_t count = 0;
  if (const Found found = read_count(bytes, '*', count); found != Found::whole) return found;
  for (; count > 0; --count) {
    std::size_t length = 0;
    if (const Found found = read_count(bytes, '$', length); found != Found::whole) return found;
    if (bytes.size() - size_ < length + 2) return Found::incomplete;
    words_.push_back(bytes.substr(size_, length));
    size_ += length;
    if (bytes.substr(size_, 2) != "\r\n") return Found::nonsense;
    size_ += 2;
  }
  return Found::whole;
}

}  // namespace plimsoll::sim
