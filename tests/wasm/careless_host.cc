#include "tests/wasm/careless_host.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "plimsoll/wasm/abi.h"

namespace plimsoll::test {
namespace {

constexpr std::string_view handshake_replies =
    "%1\r\n$5\r\nproto\r\n:3\r\n+OK\r\n-ERR\r\n"
    "+PONG\r\n";

constexpr std::string_view replies[] = {
    "+OK\r\n",
    "$5\r\nhello\r\n",
    ":7\r\n",
    "_\r\n",
    "*2\r\n+a\r\n%1\r\n+b\r\n#t\r\n",
    "-ERR no\r\n",
    "$?\r\n;3\r\nabc\r\n;0\r\n",
    "|1\r\n+a\r\n:1\r\n,1.5\r\n",
    ">2\r\n+note\r\n:1\r\n+OK\r\n",
};

constexpr std::string_view nonsense[] = {"?", "*2\r\n",       "$7\r\nhello\r\n",
                                         ":", "-LOADING\r\n", "\n"};

constexpr std::string_view commands[] = {"GET", "SET", "MULTI", "", "SUBSCRIBE"};

const PlimsollSpan& span(std::int32_t index) { return plimsoll_outbox()->spans[index]; }

}  // namespace

CarelessHost::~CarelessHost() {
  for (const Peer& peer : peers_) plimsoll_destroy(peer.client);
}

void CarelessHost::step() {
  if (one_in(8)) now_ += below(40);
  if (peers_.empty() || one_in(200)) create();
  if (peers_.empty()) return;
  const std::size_t index = below(static_cast<std::uint32_t>(peers_.size()));
  Peer& peer = peers_[index];
  switch (below(10)) {
    case 0:
    case 1: submit(peer.client); break;
    case 2:
    case 3: follow(peer); break;
    case 4: write(peer); break;
    case 5:
    case 6: read(peer); break;
    case 7: plimsoll_handle_timeout(peer.client, now_); break;
    case 8: listen(peer.client); break;
    default:
      if (one_in(40)) {
        destroy(index);
      } else if (one_in(4)) {
        blunder(one_in(10) ? gone_ : peer.client);
      }
      break;
  }
}

void CarelessHost::create() {
  if (peers_.size() == 4) return;
  PlimsollOptions& options = *plimsoll_options();
  options.connect_timeout = below(2000);
  options.inflight_requests_limit = below(100);
  options.reply_bytes_max = below(8) * 4096;
  options.password_size = below(10);
  if (char* const room = plimsoll_stage(8)) std::memset(room, 'x', 8);
  const std::int32_t client = plimsoll_create(now_);
  if (client > 0) peers_.push_back({client, {}});
}

void CarelessHost::destroy(std::size_t index) {
  gone_ = peers_[index].client;
  plimsoll_destroy(gone_);
  peers_.erase(peers_.begin() + static_cast<std::ptrdiff_t>(index));
}

void CarelessHost::submit(std::int32_t client) {
  const std::string_view command = commands[one_in(10) ? below(std::size(commands)) : below(2)];
  const std::uint32_t value_size = one_in(20) ? below(100'000) : below(100);
  const std::uint32_t sizes[] = {static_cast<std::uint32_t>(command.size()), value_size};
  char* const room = plimsoll_stage(sizeof sizes + command.size() + value_size);
  if (room == nullptr) return;
  std::memcpy(room, sizes, sizeof sizes);
  std::memset(room + sizeof sizes, 'v', command.size() + value_size);
  std::copy(command.begin(), command.end(), room + sizeof sizes);
  const std::uint32_t count = one_in(20) ? below(4) : 2;
  const double id = plimsoll_submit(client, count, below(10), below(300) - 10.0, now_);
  if (id >= 0) last_request_ = id;
}

/// Does what the client wants of its connection.
void CarelessHost::follow(Peer& peer) {
  switch (plimsoll_poll_action(peer.client)) {
    case plimsoll_action_open:
      if (one_in(5)) {
        plimsoll_handle_closed(peer.client, plimsoll_close_not_opened, now_);
      } else {
        plimsoll_handle_opened(peer.client, now_);
        peer.incoming = one_in(10) ? something_said() : handshake_replies;
      }
      break;
    case plimsoll_action_close: peer.incoming.clear(); break;
    default:
      if (one_in(100)) plimsoll_handle_closed(peer.client, below(3), now_);
      break;
  }
}

void CarelessHost::write(Peer& peer) {
  const std::int32_t count = plimsoll_poll_transmit(peer.client);
  std::string outgoing;
  for (std::int32_t i = 0; i < count; ++i) outgoing.append(span(i).bytes, span(i).size);
  look_at(outgoing);
  if (outgoing.empty() || one_in(20)) return;
  if (one_in(4)) outgoing.resize(below(static_cast<std::uint32_t>(outgoing.size())));
  plimsoll_handle_written(peer.client, outgoing.size());
  // An answer for each request, which has one star; those of the handshake are there already.
  if (outgoing.find("HELLO") != std::string::npos) return;
  const auto requests = std::count(outgoing.begin(), outgoing.end(), '*');
  for (std::ptrdiff_t i = 0; i < requests; ++i) peer.incoming += something_said();
}

void CarelessHost::read(Peer& peer) {
  const std::int32_t room = plimsoll_read_space(peer.client);
  if (room <= 0) return;
  const std::size_t most = std::min(peer.incoming.size(), static_cast<std::size_t>(room));
  const std::size_t size = one_in(2) ? most : std::min<std::size_t>(most, below(20));
  std::memcpy(const_cast<char*>(span(0).bytes), peer.incoming.data(), size);
  if (one_in(20)) return;
  plimsoll_handle_read(peer.client, size, now_);
  peer.incoming.erase(0, size);
}

void CarelessHost::listen(std::int32_t client) {
  const std::uint32_t most = below(10);
  for (std::uint32_t i = 0; i < most; ++i) {
    const std::int32_t event = plimsoll_poll_event(client);
    if (event <= 0) return;
    ++events_[static_cast<std::size_t>(event)];
    if (one_in(20)) blunder(client);
    while (plimsoll_poll_node(client) == 1) {
      const PlimsollNode& node = plimsoll_outbox()->node;
      if (node.bytes != nullptr) look_at({node.bytes, node.size});
    }
    const std::int32_t text_size = plimsoll_describe_error();
    look_at({plimsoll_outbox()->text, static_cast<std::size_t>(text_size)});
  }
}

/// A call that nothing speaks for.
void CarelessHost::blunder(std::int32_t client) {
  switch (below(14)) {
    case 0: plimsoll_cancel(client, one_in(2) ? last_request_ : below(10'000), now_); break;
    case 1: one_in(8) ? plimsoll_close(client, now_) : 0; break;
    case 2: one_in(8) ? plimsoll_abort(client) : 0; break;
    case 3: plimsoll_handle_opened(client, now_); break;
    case 4: one_in(8) ? plimsoll_handle_closed(client, below(4), now_) : 0; break;
    case 5: plimsoll_handle_read(client, below(2) * below(70'000), now_); break;
    case 6: plimsoll_handle_written(client, below(200)); break;
    case 7: plimsoll_poll_action(client); break;
    case 8: plimsoll_poll_transmit(client); break;
    case 9: plimsoll_read_space(client); break;
    case 10: plimsoll_poll_node(client); break;
    case 11: plimsoll_client_statistics(client); break;
    case 12: plimsoll_poll_timeout(client); break;
    default: plimsoll_submit(client, below(100'000), 1, -1, now_); break;
  }
}

std::string CarelessHost::something_said() {
  // Large enough to hold several read buffers, and now and then the whole pool.
  if (one_in(50)) return "$150000\r\n" + std::string(150'000, 'v') + "\r\n";
  return std::string(one_in(500) ? nonsense[below(std::size(nonsense))]
                                 : replies[below(std::size(replies))]);
}

void CarelessHost::look_at(std::string_view bytes) {
  for (char c : bytes) sum_ += static_cast<unsigned char>(c);
}

std::uint32_t CarelessHost::below(std::uint32_t bound) {
  return static_cast<std::uint32_t>(random_() % bound);
}

}  // namespace plimsoll::test
