#include "plimsoll/native/websocket/message_reader.h"

#include <algorithm>
#include <cstring>

#include "plimsoll/native/websocket/protocol.h"

namespace plimsoll::inline v0::websocket {

std::size_t MessageReader::take(std::span<char> bytes) {
  using Kind = FrameReader::Part::Kind;
  std::string_view rest(bytes.data(), bytes.size());
  std::size_t kept = 0;
  while (!rest.empty() && !close_ && problem() == nullptr) {
    const FrameReader::Part part = frames_.take(rest);
    switch (part.kind) {
      case Kind::nothing: break;
      case Kind::data: {
        const std::string_view data = take_type(part.bytes, part.ends_message);
        // memmove() must not be given null, not even for zero bytes.
        if (!data.empty()) std::memmove(bytes.data() + kept, data.data(), data.size());
        kept += data.size();
        break;
      }
      case Kind::ping:
        std::copy(part.bytes.begin(), part.bytes.end(), ping_.begin());
        ping_size_ = static_cast<std::uint8_t>(part.bytes.size());
        has_ping_ = true;
        break;
      case Kind::close:
        close_ = {.code = code_of_close(part.bytes),
                  .reason = std::string(part.bytes.substr(std::min<std::size_t>(
                      part.bytes.size(), payload_of(CloseCode::normal).size())))};
        break;
    }
  }
  return kept;
}

// Returns the RESP in the bytes of a message.
std::string_view MessageReader::take_type(std::string_view data, bool ends_message) {
  if (framing_ == Framing::bare) return data;
  if (at_type_ && !data.empty()) {
    if (data.front() != type_data) broken_ = "a message of a type that bridges do not send";
    data.remove_prefix(1);
    at_type_ = false;
  }
  if (broken_ != nullptr) return {};
  has_data_ = has_data_ || !data.empty();
  if (!ends_message) return data;
  if (!has_data_) broken_ = "a message without data";
  at_type_ = true;
  has_data_ = false;
  return data;
}

std::optional<std::string_view> MessageReader::take_ping() {
  if (!has_ping_) return std::nullopt;
  has_ping_ = false;
  return std::string_view(ping_.data(), ping_size_);
}

const char* MessageReader::problem() const {
  if (broken_ != nullptr) return broken_;
  return frames_.problem() == FrameReader::Problem::none ? nullptr : words_of(frames_.problem());
}

}  // namespace plimsoll::inline v0::websocket
