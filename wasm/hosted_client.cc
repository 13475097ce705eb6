#include "plimsoll/wasm/hosted_client.h"

#include <cstring>
#include <new>
#include <utility>

namespace plimsoll::wasm {
namespace {

Error no_room() {
  return Error{.code = ErrorCode::out_of_memory,
               .what = "the memory line has no room for one more client",
               .value = sizeof(HostedClient)};
}

Error misuse(const char* what, std::uint64_t value = Error::no_number,
             std::uint64_t limit = Error::no_number) {
  return Error{.code = ErrorCode::invalid_argument, .what = what, .value = value, .limit = limit};
}

// Lays `text` at `out`, moves that on, and has `text` refer to the copy.
void move_text(std::string_view& text, char*& out) {
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  text = {out, text.size()};
  out += text.size();
}

}  // namespace

Result<HostedClient*> HostedClient::create(Budget& budget, const ClientOptions& options) {
  if (const Status valid = validate(options); !valid) return valid.error();
  Result<Client::Accounts> accounts = Client::open_accounts(budget);
  if (!accounts) return accounts.error();

  Account& connections = *accounts->connections;
  const std::size_t footprint = budget.source().block_footprint(sizeof(HostedClient));
  Cost cost{.own = Charge(connections), .texts = {}};
  if (!cost.own.grow(footprint - sizeof(Client))) return no_room();

  ClientOptions own_options = options;
  const std::size_t texts_bytes =
      options.username.size() + options.password.size() + options.client_name.size();
  if (texts_bytes > 0) {
    cost.texts = Block::allocate(connections, texts_bytes);
    if (!cost.texts) return no_room();
    char* out = static_cast<char*>(cost.texts.data());
    move_text(own_options.username, out);
    move_text(own_options.password, out);
    move_text(own_options.client_name, out);
  }

  void* const place = budget.source().allocate_block(sizeof(HostedClient));
  if (place == nullptr) return no_room();
  return new (place) HostedClient(own_options, *std::move(accounts), std::move(cost));
}

void HostedClient::destroy(HostedClient& client, Budget& budget) {
  const Cost paid_until_the_end = std::move(client.cost_);
  client.~HostedClient();
  budget.source().release_block(&client, sizeof(HostedClient));
}

bool HostedClient::is_connected() const {
  if (link_ != Link::open) return false;
  switch (client_.statistics().state) {
    case Session::State::handshaking:
    case Session::State::ready:
    case Session::State::closing: return true;
    case Session::State::idle:
    case Session::State::waiting:
    case Session::State::opening:
    case Session::State::closed: return false;  // the core is done with it: a close comes
  }
  return false;
}

Status HostedClient::handle_opened(Instant now) {
  if (link_ != Link::opening) return misuse("no connection is to be opened");
  walk_ = {};
  link_ = Link::open;
  client_.handle_opened(first_connection, now);
  return {};
}

Status HostedClient::handle_closed(const Error& reason, Instant now) {
  if (link_ == Link::none) return misuse("there is no connection that could end");
  walk_ = {};
  link_ = Link::none;
  read_space_bytes_ = 0;
  client_.handle_closed(first_connection, reason, now);
  return {};
}

std::span<char> HostedClient::read_space() {
  const std::span<char> space =
      is_connected() ? client_.read_space(first_connection) : std::span<char>();
  read_space_bytes_ = space.size();
  return space;
}

Status HostedClient::handle_read(std::size_t size, Instant now) {
  walk_ = {};
  if (size > read_space_bytes_) {
    return misuse("more bytes were read than there is room for", size, read_space_bytes_);
  }
  // What came for a connection that has ended since is nobody's mistake.
  if (read_space_bytes_ > 0 && is_connected()) client_.handle_read(first_connection, size, now);
  read_space_bytes_ = 0;
  return {};
}

Result<std::size_t> HostedClient::poll_transmit(std::span<std::string_view> spans) {
  if (!is_connected()) return std::size_t{0};
  if (unwritten_bytes_ > 0) {
    return misuse("the bytes given last have not been answered by handle_written()",
                  unwritten_bytes_, 0);
  }
  const std::size_t count = client_.poll_transmit(first_connection, spans);
  for (std::string_view span : spans.first(count)) unwritten_bytes_ += span.size();
  return count;
}

Status HostedClient::handle_written(std::size_t size) {
  walk_ = {};
  if (size > unwritten_bytes_) {
    return misuse("more bytes were written than were given", size, unwritten_bytes_);
  }
  if (unwritten_bytes_ > 0) client_.handle_written(first_connection, size);
  unwritten_bytes_ = 0;
  return {};
}

std::optional<Action> HostedClient::poll_action() {
  walk_ = {};
  const std::optional<Action> action = client_.poll_action();
  if (!action) return action;
  const bool opens = action->kind == Action::Kind::open;
  link_ = opens ? Link::opening : Link::none;
  read_space_bytes_ = 0;
  // Until the next connection, news of what the last one was sending is welcome.
  if (opens) unwritten_bytes_ = 0;
  return action;
}

std::optional<Event> HostedClient::poll_event() {
  std::optional<Event> event = client_.poll_event();
  walk_ = event && event->value ? NodeWalk(*event->value) : NodeWalk();
  return event;
}

}  // namespace plimsoll::wasm
