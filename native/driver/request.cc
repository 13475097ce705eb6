#include "plimsoll/native/driver/request.h"

#include "plimsoll/native/driver/held_words.h"

namespace plimsoll::inline v0::native {

Request::ShortCopy::ShortCopy(std::shared_ptr<Driver> kept) : driver(std::move(kept)) {}
Request::ShortCopy::~ShortCopy() = default;

struct Request::Luggage {
  std::shared_ptr<Driver> driver;
  HeldRequest held;
  CommandView command;
  plimsoll::Error refusal;
  Channel channel;
};

void Request::DropLuggage::operator()(Luggage* luggage) const { delete luggage; }

Request::Request(const Request& other)
    : driver_(other.driver_),
      kind_(other.kind_),
      timeout_(other.timeout_),
      staleness_(other.staleness_) {
  switch (kind_) {
    case Kind::command:
    case Kind::channel_command: copy_command(other); return;
    case Kind::refusal:
      make_luggage();
      luggage_->refusal = *other.refusal_;
      refusal_ = &luggage_->refusal;
      return;
    case Kind::close: make_luggage(); return;
  }
}

// A copy may outlive the client.
void Request::make_luggage() {
  luggage_.reset(new Luggage());
  luggage_->driver = driver_->shared();
}

void Request::copy_command(const Request& other) {
  const CommandView& command = *other.command_;
  const std::size_t size = encoded_size(command);
  if (size <= copied_bytes_inline && kind_ == Kind::command) {
    ShortCopy& copy = short_copy_.emplace(driver_->shared());
    encode(command, copy.bytes);
    return refer_to(copy.command, {copy.bytes, size}, command);
  }
  make_luggage();
  Account& requests = other.driver_->requests_account();
  luggage_->held = HeldRequest(requests, command);
  if (!luggage_->held) {
    kind_ = Kind::refusal;
    luggage_->refusal = no_room_to_hold(size, requests);
    refusal_ = &luggage_->refusal;
    return;
  }
  refer_to(luggage_->command, luggage_->held.bytes(), command);
  if (kind_ != Kind::channel_command) return;
  luggage_->channel = *other.channel_;
  channel_ = &luggage_->channel;
}

// Makes `copy` a view of the encoded `command`, and the command of this request.
void Request::refer_to(CommandView& copy, std::string_view encoded, const CommandView& command) {
  copy = CommandView::from_encoded(encoded);
  copy.effect = command.effect;
  copy.answer = command.answer;
  copy.answers = command.answers;
  copy.block_time = command.block_time;
  copy.row = command.row;
  command_ = &copy;
}

// Sends what is not a command of the main connection.
void Request::send_otherwise(Operation& operation) const {
  switch (kind_) {
    case Kind::command: break;  // of the main connection
    case Kind::channel_command: return channel_->submit(*command_, operation);
    case Kind::refusal: return driver_->refuse(*refusal_, operation);
    case Kind::close: return driver_->close(operation);
  }
}

}  // namespace plimsoll::inline v0::native
