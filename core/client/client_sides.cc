#include "plimsoll/core/client/client.h"
#include "plimsoll/core/client/near_cache.h"

// What goes beside the main connection, and events where there is more than one.

namespace plimsoll {

Result<RequestId> Client::count(const Result<RequestId>& id) {
  ++(id ? submitted_ : rejected_);
  return id;
}

// Side connections come and go with the main one: none is opened beside one that is over.
Status Client::check_open() const {
  if (session_.is_closed()) return session_.refusal();
  return {};
}

Result<RequestId> Client::stage_blocking(const CommandView& command, Instant now, Duration timeout,
                                         Tag tag) {
  if (const Status open = check_open(); !open) return count(open.error());
  const Instant deadline = deadline_of(command, now, timeout);
  return note_beside(command, count(sides_.submit_blocking(command, now, deadline, tag)));
}

Result<ConnectionId> Client::open_exclusive(Instant now) {
  if (const Status open = check_open(); !open) return open.error();
  return sides_.open_exclusive(now);
}

Result<RequestId> Client::submit_to(ConnectionId connection, const CommandView& command,
                                    Instant now, Duration timeout, Tag tag) {
  if (const Status open = check_open(); !open) return count(open.error());
  const Instant deadline = deadline_of(command, now, timeout);
  return note_beside(command, count(sides_.submit_to(connection, command, deadline, tag)));
}

// What is not open any more has been given back by the client's end.
void Client::release(ConnectionId connection, Instant now) {
  if (check_open()) sides_.release(connection, now);
}

Result<ConnectionId> Client::open_subscription(Instant now) {
  if (const Status open = check_open(); !open) return open.error();
  return sides_.open_subscription(now);
}

Result<RequestId> Client::subscribe(ConnectionId connection, SubscriptionKind kind,
                                    std::span<const std::string_view> names, Instant now,
                                    Duration timeout, Tag tag) {
  if (const Status open = check_open(); !open) return count(open.error());
  return count(sides_.subscribe(connection, kind, names, now, deadline_of(now, timeout), tag));
}

Result<RequestId> Client::unsubscribe(ConnectionId connection, SubscriptionKind kind,
                                      std::span<const std::string_view> names, Instant now,
                                      Duration timeout, Tag tag) {
  if (const Status open = check_open(); !open) return count(open.error());
  return count(sides_.unsubscribe(connection, kind, names, now, deadline_of(now, timeout), tag));
}

Result<RequestId> Client::next_messages(ConnectionId connection, std::size_t messages_max,
                                        Instant now, Duration timeout, Tag tag) {
  if (const Status open = check_open(); !open) return count(open.error());
  return count(sides_.next_messages(connection, messages_max, now, deadline_of(now, timeout), tag));
}

void Client::close_subscription(ConnectionId connection, Instant now) {
  if (check_open()) sides_.close_subscription(connection, now);
}

void Client::set_credentials(const Credentials& credentials) {
  if (near_) near_->handle_credentials(credentials);
  session_.set_credentials(credentials);
  sides_.set_credentials(credentials);
}

bool Client::is_connected(ConnectionId connection) const {
  const Session* const session =
      connection == first_connection ? &session_ : sides_.session(connection);
  if (session == nullptr) return false;
  switch (session->state()) {
    case Session::State::handshaking:
    case Session::State::ready:
    case Session::State::closing: return true;
    case Session::State::idle:
    case Session::State::waiting:
    case Session::State::opening:
    case Session::State::closed: return false;
  }
  return false;
}

bool Client::is_paused(ConnectionId connection) const {
  const Session* const session =
      connection == first_connection ? nullptr : sides_.session(connection);
  return session != nullptr && session->is_paused();
}

Session* Client::find_side(ConnectionId connection) { return sides_.session(connection); }

// What users are told of a request of the client's own.
std::optional<Event> Client::handle_own(const Event& event) {
  if (event.tag == own_auth) return SideConnections::credentials_outcome(event);
  sides_.handle_unblocked(event.tag, event);
  return std::nullopt;
}

// The next event that users are told, from this one on.
std::optional<Event> Client::poll_own(const Event& first) {
  std::optional<Event> event = first;
  while (event && event->tag >= own_tag_first) {
    if (const auto told = handle_own(*event)) return told;
    event = session_.poll_event();
  }
  return event;
}

std::optional<Event> Client::poll_main_event() {
  if (near_) return poll_near_event();
  std::optional<Event> event = recorder_.on() ? poll_recorded_event() : session_.poll_event();
  if (event && event->tag >= own_tag_first) event = poll_own(*event);
  if (!event && !admission_.none()) event = poll_admission();
  return event;
}

// The others end before the client does. Where they take their time, requests on the main
// connection do not wait for them; otherwise the server's words must live until they are told.
std::optional<Event> Client::poll_any_event() {
  spoke_ = false;
  if (!end_ || sides_.take_their_time()) {
    std::optional<Event> event = poll_main_event();
    if (event && event->kind == Event::Kind::closed) {
      sides_.abort_unless_closing();
      end_ = event;
      if (sides_.take_their_time()) {
        end_->value.reset();
        event = poll_main_event();
      } else {
        event.reset();
      }
    }
    if (event) return event;
  }
  if (!sides_.none()) {
    if (std::optional<Event> event = sides_.poll_event()) {
      spoke_ = true;
      if (near_ && event->value) near_->note_told_beside();
      if (near_ && event->error != nullptr) near_->note_refusal(*event);
      return event;
    }
  }
  if (near_) near_->follow_sides(sides_);
  if (!end_ || !sides_.have_said_all()) return std::nullopt;
  std::optional<Event> end = end_;
  end_.reset();
  return end;
}

}  // namespace plimsoll
