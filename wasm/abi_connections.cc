#include <algorithm>
#include <array>
#include <string_view>

#include "plimsoll/core/client/replicas.h"
#include "plimsoll/wasm/abi.h"
#include "plimsoll/wasm/door.h"
#include "plimsoll/wasm/translate.h"

// The calls of abi.h that move bytes and time into a client, and events out of it.

namespace plimsoll::wasm {
namespace {

void show_halves(std::uint64_t bits, std::uint32_t (&halves)[2]) {
  halves[0] = static_cast<std::uint32_t>(bits);
  halves[1] = static_cast<std::uint32_t>(bits >> 32);
}

// Once all events are reported, writes what the host has to do: an action, what to send, when to
// call again. Not earlier: poll_action() would release the value that was reported last.
void show_rest(HostedClient& client) {
  outbox().action = plimsoll_action_none;
  if (outbox().more != plimsoll_more_nothing) return;
  if (const std::optional<Action> action = client.poll_action()) {
    outbox().action =
        action->kind == Action::Kind::open ? plimsoll_action_open : plimsoll_action_close;
    outbox().connection = static_cast<std::uint32_t>(action->connection);
    outbox().seed = static_cast<std::uint32_t>(action->seed);
    outbox().named_port = action->told != nullptr ? action->told->port() : 0;
    outbox().peer = static_cast<std::uint32_t>(action->peer);
    // Nodes have the places that replicas and sentinels have else.
    if (client.client().cluster() != nullptr) {
      if (Cluster::owns(action->connection)) outbox().peer = plimsoll_peer_node;
    } else if (Replicas::owns(action->connection)) {
      outbox().peer = plimsoll_peer_replica;
    }
    if (action->told != nullptr) show_spans(std::array{action->told->host()});
    outbox().more = plimsoll_more_events;
  }
  Client& core = client.client();
  show_halves(core.unsent_connections(), outbox().unsent);
  outbox().has_nodes = core.cluster() != nullptr ? 1 : 0;
  show_halves(core.take_resumed_connections(), outbox().resumed);
  outbox().timeout = to_milliseconds(core.poll_timeout());
}

}  // namespace
}  // namespace plimsoll::wasm

using namespace plimsoll;
using namespace plimsoll::wasm;

int32_t PLIMSOLL_EXPORT(plimsoll_handle_opened)(int32_t client, uint32_t connection,
                                                uint32_t credits, double now) {
  return with(client, now, [=](HostedClient& found, Instant at) {
    return answer(found.handle_opened(connection, credits, at));
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_handle_closed)(int32_t client, uint32_t connection,
                                                uint32_t reason, double now) {
  const std::optional<Error> error = close_error(reason);
  if (!error) return refuse_argument("unknown reason", "one of PlimsollCloseReason");
  return with(client, now, [&](HostedClient& found, Instant at) {
    return answer(found.handle_closed(connection, *error, at));
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_unsent_node)(int32_t client) {
  return with(client, [](HostedClient& found) {
    const std::optional<ConnectionId> node = found.client().take_unsent_node();
    return node ? static_cast<std::int32_t>(*node) : 0;
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_read_space)(int32_t client, uint32_t connection, size_t waiting) {
  return with(client, [=](HostedClient& found) {
    const Result<std::span<char>> space = found.read_space(connection, waiting);
    if (!space) return refuse(space.error());
    outbox().spans[0] = {.bytes = space->data(), .size = space->size()};
    return static_cast<std::int32_t>(space->size());
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_handle_read)(int32_t client, uint32_t connection, size_t size,
                                              double now) {
  return with(client, now, [&](HostedClient& found, Instant at) {
    return answer(found.handle_read(connection, size, at));
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_poll_transmit)(int32_t client, uint32_t connection) {
  return with(client, [connection](HostedClient& found) {
    std::array<std::string_view, plimsoll_spans_max> spans;
    const Result<std::size_t> count = found.poll_transmit(connection, spans);
    if (!count) return refuse(count.error());
    show_spans(std::span(spans).first(*count));
    return static_cast<std::int32_t>(*count);
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_handle_written)(int32_t client, uint32_t connection, size_t size) {
  return with(client,
              [&](HostedClient& found) { return answer(found.handle_written(connection, size)); });
}

int32_t PLIMSOLL_EXPORT(plimsoll_handle_timeout)(int32_t client, double now) {
  return notify(client, now, [](HostedClient& found, Instant at) {
    found.client().handle_timeout(at);
    return 0;
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_poll)(int32_t client) {
  return with(client, [](HostedClient& found) {
    Area area(outbox().area);
    const Result<std::uint32_t> count = found.poll(area);
    if (!count) return refuse(count.error());
    outbox().more = found.more();
    show_rest(found);
    return static_cast<std::int32_t>(*count);
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_release_served)(int32_t client) {
  return with(client, [](HostedClient&) {
    instance().line().served.clear();
    return 0;
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_poll_nodes)(int32_t client) {
  return with(client, [](HostedClient& found) {
    Area area(outbox().area);
    const std::uint32_t count = area.add_nodes(found.walk());
    outbox().nodes_count = count;
    outbox().more = found.more();
    return static_cast<std::int32_t>(count);
  });
}
