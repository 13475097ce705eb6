#include "plimsoll/native/bridge/relay/credit.h"

namespace plimsoll::bridge {

std::string_view CreditReader::take(std::string_view bytes, bool is_last) {
  if (problem_ != Problem::none) return {};
  if (at_ == At::type && !bytes.empty()) {
    const char type = bytes.front();
    bytes.remove_prefix(1);
    at_ = type == type_credit ? At::credit : At::data;
    if (type != type_data && type != type_credit) problem_ = Problem::unknown_type;
  } else if (at_ == At::type && is_last) {
    problem_ = Problem::unknown_type;  // a message without a byte
  }
  if (problem_ != Problem::none) return {};
  if (at_ == At::credit) {
    take_credit(bytes, is_last);
    bytes = {};
  }
  if (is_last) at_ = At::type;
  return bytes;
}

void CreditReader::take_credit(std::string_view bytes, bool is_last) {
  for (const char byte : bytes) {
    if (number_size_ == number_.size()) {
      problem_ = Problem::bad_credit;
      return;
    }
    number_[number_size_++] = static_cast<unsigned char>(byte);
  }
  if (!is_last) return;
  std::uint64_t granted = 0;
  for (std::size_t i = number_.size(); i-- > 0;) granted = granted << 8 | number_[i];
  if (number_size_ != number_.size() || granted == 0 || left_ + granted > credit_max) {
    problem_ = Problem::bad_credit;
  }
  number_size_ = 0;
  left_ += granted;
}

std::string_view words_of(CreditReader::Problem problem) {
  return problem == CreditReader::Problem::unknown_type ? "a message of no known type"
                                                        : "a credit that makes no sense";
}

}  // namespace plimsoll::bridge
