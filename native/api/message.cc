#include "plimsoll/message.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace plimsoll::inline v0::native {
namespace {

constexpr plimsoll::Error no_message{.code = ErrorCode::protocol_error,
                                     .executed = Executed::yes,
                                     .what = "the server sent a push that is not a message"};

struct Shape {
  std::string_view word;
  Message::Kind kind;
  std::size_t parts;
};
constexpr std::array<Shape, 6> shapes{{{"message", Message::Kind::channel, 3},
                                       {"pmessage", Message::Kind::pattern, 4},
                                       {"smessage", Message::Kind::shard, 3},
                                       {"sunsubscribe", Message::Kind::ended, 3},
                                       {"unsubscribe", Message::Kind::ended, 3},
                                       {"punsubscribe", Message::Kind::ended, 3}}};

const Shape* shape_of(const Value& word, std::size_t parts) {
  const auto bytes = word.as_bytes();
  if (!bytes) return nullptr;
  for (const Shape& shape : shapes) {
    if (*bytes == shape.word) return shape.parts == parts ? &shape : nullptr;
  }
  return nullptr;
}

plimsoll::Status read(const Value& push, Message& message) {
  const auto elements = push.as_elements();
  if (!elements || elements->empty()) return no_message;
  auto at = elements->begin();
  const Shape* const shape = shape_of(*at, elements->size());
  if (shape == nullptr) return no_message;
  message.kind = shape->kind;
  ++at;
  if (shape->kind == Message::Kind::pattern) {
    if (const auto status = decode(*at, message.pattern); !status) return status;
    ++at;
  }
  if (const auto status = decode(*at, message.channel); !status) return status;
  if (shape->kind == Message::Kind::ended) {
    if (shape->word.starts_with('p')) message.pattern = message.channel;
    return {};
  }
  ++at;
  return decode(*at, message.payload);
}

plimsoll::Status read(const Delivery& delivery, Message& message) {
  const plimsoll::Status status = read(*delivery.value, message);
  if (!status) return status;
  const MessagesMissed missed = delivery.core->messages_missed();
  message.lost = missed.lost;
  message.gaps = missed.gaps;
  return {};
}

bool has_failed(const Delivery& delivery) {
  return delivery.error != nullptr || delivery.failure != nullptr;
}

Result<void> failure(const Delivery& delivery) {
  if (delivery.error != nullptr && delivery.error->code == ErrorCode::closed) return {};
  return to_error(delivery);
}

}  // namespace

Result<void> receive(const Delivery& delivery, std::optional<Message>& message) {
  if (has_failed(delivery)) return failure(delivery);
  if (delivery.value == nullptr) return {};
  if (const plimsoll::Status status = read(delivery, message.emplace()); !status) {
    return Error(status.error());
  }
  return {};
}

void receive_part(const Delivery& delivery, std::vector<Message>& messages) {
  // Grows fourfold: to move messages is a good part of what they cost.
  if (messages.size() == messages.capacity()) {
    messages.reserve(std::max<std::size_t>(16, messages.size() * 4));
  }
  if (!read(delivery, messages.emplace_back())) messages.pop_back();
}

Result<void> receive(const Delivery& delivery, std::vector<Message>& messages) {
  if (has_failed(delivery)) return failure(delivery);
  if (delivery.value != nullptr) receive_part(delivery, messages);
  return {};
}

}  // namespace plimsoll::inline v0::native
