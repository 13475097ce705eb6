#include "plimsoll/native/driver/request.h"

namespace plimsoll::native {

Request::Request(const Request& other)
    : driver_(other.driver_),
      kind_(other.kind_),
      timeout_(other.timeout_),
      staleness_(other.staleness_),
      luggage_(std::make_unique<Luggage>()) {
  luggage_->driver = other.driver_->shared();
  switch (kind_) {
    case Kind::command: {
      const CommandView& command = *other.command_;
      Account& requests = other.driver_->requests_account();
      luggage_->held = HeldRequest(requests, command);
      if (!luggage_->held) {
        kind_ = Kind::refusal;
        luggage_->refusal = no_room_to_hold(luggage_->held.size(), requests);
        refusal_ = &luggage_->refusal;
        return;
      }
      CommandView& taken = luggage_->command;
      taken = CommandView::from_encoded(luggage_->held.bytes());
      taken.effect = command.effect;
      taken.answer = command.answer;
      taken.answers = command.answers;
      taken.block_time = command.block_time;
      taken.row = command.row;
      command_ = &taken;
      if (other.channel_ == nullptr) return;
      luggage_->channel = *other.channel_;
      channel_ = &luggage_->channel;
      return;
    }
    case Kind::refusal:
      luggage_->refusal = *other.refusal_;
      refusal_ = &luggage_->refusal;
      return;
    case Kind::close: return;
  }
}

// Sends what is not a command of the main connection.
void Request::send_otherwise(Operation& operation) const {
  switch (kind_) {
    case Kind::command: return channel_->submit(*command_, operation);
    case Kind::refusal: return driver_->refuse(*refusal_, operation);
    case Kind::close: return driver_->close(operation);
  }
}

}  // namespace plimsoll::native
