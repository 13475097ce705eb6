#include "plimsoll/tests/support/fault_proxy.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <future>
#include <list>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "plimsoll/tests/support/fault_proxy_link.h"
#include "plimsoll/tests/support/loopback.h"

namespace plimsoll::testing {
namespace {

using Mode = FaultProxyLink::Mode;

// Small, so that a stalled connection fills soon.
constexpr int receive_buffer_bytes = 65536;

}  // namespace

// All that the thread owns; others leave orders.
struct FaultProxy::Loop {
  explicit Loop(const ServerAddress& where) : server(where) { listen(); }

  void run();
  void listen();
  void wait();
  void obey();
  void accept_all();
  void cut_all(Cut cut);
  void heal();
  void forget_ended();

  const ServerAddress server;
  const Descriptor reserved = bind_tcp(0);  // never listens: keeps the port while it is refused
  Descriptor listener;
  const Descriptor alarm{checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")};
  std::list<FaultProxyLink> links;
  Mode mode = Mode::passing;       // of new connections
  std::optional<PlannedCut> plan;  // of the next connection
  std::size_t accepted_count = 0;
  std::array<std::uint64_t, 2> passed_before{};  // by connections that have ended
  bool stopping = false;

  std::mutex mutex;
  std::vector<std::packaged_task<void()>> orders;
};

void FaultProxy::Loop::listen() {
  if (listener.open()) return;
  listener = bind_tcp(port_of(reserved));
  const int size = receive_buffer_bytes;
  ::setsockopt(listener.number(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  checked(::listen(listener.number(), SOMAXCONN), "listen");
}

void FaultProxy::Loop::run() {
  while (!stopping) {
    wait();
    obey();
    accept_all();
    for (FaultProxyLink& link : links) link.pump();
    forget_ended();
  }
  for (FaultProxyLink& link : links) link.reset();
}

void FaultProxy::Loop::wait() {
  std::vector<pollfd> wanted{{.fd = alarm.number(), .events = POLLIN, .revents = 0},
                             {.fd = listener.number(), .events = POLLIN, .revents = 0}};
  for (const FaultProxyLink& link : links) {
    for (const auto& [descriptor, events] : link.wanted()) {
      wanted.push_back({.fd = descriptor, .events = events, .revents = 0});
    }
  }
  ::poll(wanted.data(), wanted.size(), -1);
}

void FaultProxy::Loop::obey() {
  std::uint64_t rings = 0;
  if (::read(alarm.number(), &rings, sizeof rings) < 0) return;
  std::vector<std::packaged_task<void()>> due;
  {
    const std::lock_guard lock(mutex);
    due.swap(orders);
  }
  for (auto& order : due) order();
}

void FaultProxy::Loop::accept_all() {
  for (;;) {
    Descriptor client(::accept4(listener.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!client.open()) return;
    ++accepted_count;
    send_at_once(client);
    Descriptor onward = connect_to(server);
    if (onward.open()) {
      links.emplace_back(std::move(client), std::move(onward), mode,
                         std::exchange(plan, std::nullopt));
    } else {
      client.reset();
    }
  }
}

void FaultProxy::Loop::cut_all(Cut cut) {
  for (FaultProxyLink& link : links) link.cut(cut);
}

void FaultProxy::Loop::heal() {
  mode = Mode::passing;
  plan.reset();
  for (FaultProxyLink& link : links) link.heal();
  listen();
}

void FaultProxy::Loop::forget_ended() {
  links.remove_if([this](const FaultProxyLink& link) {
    if (!link.over()) return false;
    passed_before[0] += link.passed(Direction::to_server);
    passed_before[1] += link.passed(Direction::to_client);
    return true;
  });
}

FaultProxy::FaultProxy(const std::string& socket_path)
    : FaultProxy(std::make_unique<Loop>(unix_address(socket_path))) {}

FaultProxy::FaultProxy(std::uint16_t server_port)
    : FaultProxy(std::make_unique<Loop>(tcp_address(server_port))) {}

FaultProxy::FaultProxy(std::unique_ptr<Loop> loop)
    : loop_(std::move(loop)), port_(port_of(loop_->reserved)), thread_([this] { loop_->run(); }) {}

FaultProxy::~FaultProxy() {
  tell([](Loop& loop) { loop.stopping = true; });
  thread_.join();
}

// Returns when the order was obeyed; throws what that threw.
void FaultProxy::tell(const std::function<void(Loop&)>& order) {
  std::packaged_task<void()> task([this, &order] { order(*loop_); });
  std::future<void> done = task.get_future();
  {
    const std::lock_guard lock(loop_->mutex);
    loop_->orders.push_back(std::move(task));
  }
  const std::uint64_t ring = 1;
  checked(static_cast<int>(::write(loop_->alarm.number(), &ring, sizeof ring)), "write");
  done.get();
}

void FaultProxy::refuse() {
  tell([](Loop& loop) {
    loop.listener.close();
    for (FaultProxyLink& link : loop.links) link.reset();
  });
}

void FaultProxy::swallow() {
  tell([](Loop& loop) {
    loop.mode = Mode::swallowing;
    for (FaultProxyLink& link : loop.links) link.swallow();
  });
}

void FaultProxy::stall() {
  tell([](Loop& loop) {
    loop.mode = Mode::stalled;
    for (FaultProxyLink& link : loop.links) link.stall();
  });
}

void FaultProxy::cut_after(Direction direction, std::size_t bytes, Cut cut) {
  tell([=](Loop& loop) { loop.plan = PlannedCut{direction, bytes, cut}; });
}

void FaultProxy::cut_all(Cut cut) {
  tell([=](Loop& loop) { loop.cut_all(cut); });
}

void FaultProxy::heal() {
  tell([](Loop& loop) { loop.heal(); });
}

void FaultProxy::cut_all_and_heal(Cut cut) {
  tell([=](Loop& loop) {
    loop.cut_all(cut);
    loop.heal();
  });
}

std::size_t FaultProxy::connections() {
  std::size_t count = 0;
  tell([&](Loop& loop) { count = loop.accepted_count; });
  return count;
}

std::size_t FaultProxy::open_connections() {
  std::size_t count = 0;
  tell([&](Loop& loop) { count = loop.links.size(); });
  return count;
}

std::uint64_t FaultProxy::bytes(Direction direction) {
  std::uint64_t count = 0;
  tell([&](Loop& loop) {
    count = loop.passed_before[static_cast<std::size_t>(direction)];
    for (const FaultProxyLink& link : loop.links) count += link.passed(direction);
  });
  return count;
}

}  // namespace plimsoll::testing
