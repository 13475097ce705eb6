#include <algorithm>

#include "plimsoll/core/base/packed_id.h"
#include "plimsoll/wasm/hosted_client.h"
#include "plimsoll/wasm/misuse.h"

// A hosted client's connections: what the host says of them, and what it is told.

namespace plimsoll::wasm {
namespace {

constexpr Error no_room_for_bytes{
    .code = ErrorCode::out_of_memory,
    .what = "the memory line has no room for what the peer would send"};

Error overrun(std::size_t bytes, std::size_t granted) {
  return Error{.code = ErrorCode::protocol_error,
               .what = "the peer has sent more than it was granted",
               .value = bytes,
               .limit = granted};
}

}  // namespace

Result<HostedClient::Connection*> HostedClient::find(std::uint32_t connection) {
  if (connection < connections_max) return &connections_[connection];
  return misuse("no such connection", connection, connections_max - 1);
}

Result<HostedClient::Connection*> HostedClient::find(std::uint32_t connection, Role role) {
  const Result<Connection*> found = find(connection);
  if (!found || (*found)->role == role) return found;
  return misuse("the connection is for something else, or no more", connection);
}

bool HostedClient::is_connected(std::uint32_t connection) const {
  return connections_[connection].link == Link::open &&
         client_.is_connected(ConnectionId{connection});
}

Result<std::size_t> HostedClient::handle_opened(std::uint32_t connection, std::uint32_t credits,
                                                Instant now) {
  if (const Status free = begin_call(); !free) return free.error();
  const Result<Connection*> found = find(connection);
  if (!found) return found.error();
  if ((*found)->link != Link::opening) return misuse("no connection is to be opened");
  const std::size_t granted = credits != 0 ? open_credits(connection) : 0;
  if (credits != 0 && granted == 0) return no_room_for_bytes;
  (*found)->link = Link::open;
  client_.handle_opened(ConnectionId{connection}, now);
  return granted;
}

Status HostedClient::handle_closed(std::uint32_t connection, const Error& reason, Instant now) {
  if (const Status free = begin_call(); !free) return free;
  const Result<Connection*> found = find(connection);
  if (!found) return found.error();
  if ((*found)->link == Link::none) return misuse("there is no connection that could end");
  (*found)->link = Link::none;
  (*found)->read_space_bytes = 0;
  end_credits(connection);
  client_.handle_closed(ConnectionId{connection}, reason, now);
  return {};
}

Result<std::span<char>> HostedClient::read_space(std::uint32_t connection, std::size_t waiting) {
  if (const Status free = begin_call(); !free) return free.error();
  const Result<Connection*> found = find(connection);
  if (!found) return found.error();
  const CreditWindow* const credits = find_credits(connection);
  const std::size_t granted = credits != nullptr ? credits->granted_bytes() : SIZE_MAX;
  if (waiting > granted) return overrun(waiting, granted);
  std::span<char> space;
  if (is_connected(connection)) space = client_.read_space(ConnectionId{connection});
  space = space.first(std::min(space.size(), granted));
  (*found)->read_space_bytes = static_cast<std::uint32_t>(space.size());
  return space;
}

Result<std::size_t> HostedClient::handle_read(std::uint32_t connection, std::size_t size,
                                              Instant now) {
  if (const Status free = begin_call(); !free) return free.error();
  const Result<Connection*> found = find(connection);
  if (!found) return found.error();
  Connection& link = **found;
  if (size > link.read_space_bytes) {
    return misuse("more bytes were read than there is room for", size, link.read_space_bytes);
  }
  // What came for a connection that has ended since is nobody's mistake.
  if (link.read_space_bytes > 0 && is_connected(connection)) {
    client_.handle_read(ConnectionId{connection}, size, now);
  }
  link.read_space_bytes = 0;
  CreditWindow* const credits = find_credits(connection);
  // No more than was granted: read_space() saw to that.
  if (credits == nullptr || !credits->handle_received(size, now)) return std::size_t{0};
  credits->handle_taken(size);
  return credits->poll_grant();
}

Result<std::size_t> HostedClient::poll_transmit(std::uint32_t connection,
                                                std::span<std::string_view> spans) {
  if (const Status free = begin_call(); !free) return free.error();
  const Result<Connection*> found = find(connection);
  if (!found) return found.error();
  if (!is_connected(connection)) return std::size_t{0};
  Connection& link = **found;
  if (link.unwritten_bytes > 0) {
    return misuse("the bytes given last have not been answered by handle_written()",
                  link.unwritten_bytes, 0);
  }
  const std::size_t count = client_.poll_transmit(ConnectionId{connection}, spans);
  for (std::string_view span : spans.first(count)) {
    link.unwritten_bytes += static_cast<std::uint32_t>(span.size());
  }
  return count;
}

Status HostedClient::handle_written(std::uint32_t connection, std::size_t size) {
  if (const Status free = begin_call(); !free) return free;
  const Result<Connection*> found = find(connection);
  if (!found) return found.error();
  Connection& link = **found;
  if (size > link.unwritten_bytes) {
    return misuse("more bytes were written than were given", size, link.unwritten_bytes);
  }
  if (link.unwritten_bytes > 0) client_.handle_written(ConnectionId{connection}, size);
  link.unwritten_bytes = 0;
  return {};
}

std::optional<Action> HostedClient::poll_action() {
  const std::optional<Action> action = client_.poll_action();
  if (!action) return action;
  Connection& link = connections_[static_cast<std::size_t>(action->connection)];
  const bool opens = action->kind == Action::Kind::open;
  link.link = opens ? Link::opening : Link::none;
  link.read_space_bytes = 0;
  end_credits(static_cast<std::uint32_t>(action->connection));
  // Until the next connection, news of what the last one was sending is welcome.
  if (opens) link.unwritten_bytes = 0;
  return action;
}

PlimsollMore HostedClient::more() const {
  if (!walk_.is_over()) return plimsoll_more_nodes;
  const bool has_more = held_ || has_admitted_ || lies_outside_;
  return has_more ? plimsoll_more_events : plimsoll_more_nothing;
}

Result<std::uint32_t> HostedClient::poll(Area& area) {
  if (has_admitted_) return begin_call().error();
  walk_ = {};
  lies_outside_ = false;
  for (std::uint32_t count = 0;; ++count) {
    if (!held_) {
      held_ = client_.poll_event();
      if (!held_) return count;
      held_missed_ = {};
      const bool is_message = tags::is_message_wait(held_->tag) && held_->value;
      if (is_message) held_missed_ = client_.messages_missed();
    }
    const bool admits = held_->kind == Event::Kind::admitted;
    if (!area.add(*held_, held_missed_)) {
      // Only where the rest of it can be asked for is it told in parts.
      if (count > 0) return count;
      walk_ = NodeWalk(*held_->value);
      area.add_begin(*held_, held_missed_, walk_);
      held_.reset();
      lies_outside_ = true;
      return 1;
    }
    held_.reset();
    if (admits) {
      has_admitted_ = client_.admitted() != nullptr;
      return count + 1;
    }
  }
}

}  // namespace plimsoll::wasm
