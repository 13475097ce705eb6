#include "plimsoll/bench/memory/mixed_load.h"

#include <array>
#include <atomic>
#include <deque>
#include <future>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/bench/memory/attribution.h"
#include "plimsoll/bench/memory/clients.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/client.h"
#include "plimsoll/subscription.h"
#include "plimsoll/tests/support/certificates.h"
#include "plimsoll/tests/support/tls_server.h"

namespace plimsoll::bench {
namespace {

constexpr std::size_t keys_count = 64;
constexpr std::size_t requests_per_observation = 200;
constexpr std::size_t requests_before = 20'000;
constexpr std::size_t messages_kept_max = 4'000;
constexpr const char* channel = "bench:mixed";

// Small ones, middling ones, and some that take many buffers.
std::size_t value_bytes(std::size_t key) {
  if (key % 16 == 15) return 1'000'000;
  if (key % 8 == 7) return 100'000;
  return 20 + key * key * 4;
}

std::string key_name(std::size_t key) { return "mixed:" + std::to_string(key); }

void check(const auto& result) {
  if (!result) fail("plimsoll", result.error().what());
}

}  // namespace

struct MixedLoad::State {
  explicit State(std::size_t kept_max) : kept_replies_max(kept_max) {}

  const std::size_t kept_replies_max;
  testing::CertificateAuthority authority;
  testing::TlsServer server{authority};
  // The first three over a unix socket, the last one over TLS.
  std::vector<native::Client> clients;
  native::Subscription subscription;
  std::atomic<std::size_t> requests{0};
  std::atomic<bool> stopping{false};
  std::atomic<std::size_t> under_way{0};
  std::atomic<bool> taking{false};

  // Of the clients' thread.
  std::minstd_rand random{7};
  std::deque<native::Reply> kept;
  std::size_t unseen = requests_before;
  std::size_t observations_left = 0;
  std::function<void()> observe;
  std::promise<void> observed;

  // What the other thread has kept.
  std::deque<native::Reply> kept_elsewhere;

  void start_client(std::size_t index, std::size_t depth) {
    for (std::size_t i = 0; i < depth; ++i) request(index);
  }

  // One request, the end of which makes the next one.
  void request(std::size_t index) {
    const WorkFor own(Owner::bench);
    if (stopping) return;
    ++under_way;
    native::Client& client = clients[index];
    const std::size_t key = random() % keys_count;
    const std::string name = key_name(key);
    switch (random() % 10) {
      case 0:
        client.set(name, std::string(value_bytes(key), 'v'),
                   [this, index](const auto& done) { handle(index, done); });
        return;
      case 1:
        client.publish(channel, std::string(random() % 2000, 'm'),
                       [this, index](const auto& done) { handle(index, done); });
        return;
      case 2:
      case 3: keep(index, name); return;
      default: client.get(name, [this, index](const auto& done) { handle(index, done); }); return;
    }
  }

  void keep(std::size_t index, const std::string& name) {
    clients[index].command<native::Reply>(
        {"GET", name}, [this, index](native::Result<native::Reply> reply) {
          const WorkFor own(Owner::bench);
          if (reply) kept.push_back(*std::move(reply));
          while (kept.size() > kept_replies_max / 2 + random() % (kept_replies_max / 2)) {
            kept.pop_front();
          }
          handle(index, reply);
        });
  }

  // A refusal for want of memory is an outcome like others here; failures are not.
  void handle(std::size_t index, const auto& done) {
    const WorkFor own(Owner::bench);
    const bool refused = !done && (done.error().code() == native::ErrorCode::reply_too_large ||
                                   done.error().code() == native::ErrorCode::rejected_by_limit);
    if (!refused) check(done);
    ++requests;
    --under_way;
    note();
    request(index);
  }

  void note() {
    if (--unseen > 0) return;
    unseen = requests_per_observation;
    if (observations_left == 0) return;
    observe();
    if (--observations_left == 0) {
      stopping = true;
      observed.set_value();
    }
  }

  // The subscription's messages wait for a while, until many are taken at once.
  void take_messages() {
    if (taking.exchange(true)) return;
    subscription.next_some(messages_kept_max, [this](const auto& messages) {
      const WorkFor own(Owner::bench);
      check(messages);
      taking = false;
    });
  }
};

MixedLoad::MixedLoad(std::size_t kept_replies_max)
    : state_(std::make_unique<State>(kept_replies_max)) {
  native::Options options = patient_options();
  for (int i = 0; i < 3; ++i) {
    state_->clients.push_back(connect_to("unix://" + state_->server.socket_path(), options));
  }
  options.tls.ca_file = state_->authority.file();
  state_->clients.push_back(connect_to(state_->server.url(), options));
  for (std::size_t key = 0; key < keys_count; ++key) {
    check(state_->clients[0]
              .set(key_name(key), std::string(value_bytes(key), 'v'), boost::asio::use_future)
              .get());
  }
  auto subscription = state_->clients[0].subscribe(channel, boost::asio::use_future).get();
  check(subscription);
  state_->subscription = *std::move(subscription);
}

MixedLoad::~MixedLoad() = default;

void MixedLoad::run(std::size_t times, std::function<void()> observe) {
  State& state = *state_;
  state.observe = std::move(observe);
  state.observations_left = times;
  const auto executor = state.clients[0].get_executor();
  boost::asio::post(executor, [&state] {
    state.start_client(0, 100);
    state.start_client(1, 20);
    state.start_client(2, 5);
    state.start_client(3, 20);
  });
  // This thread asks and lets go as well, and takes messages when many have come.
  const auto over = state.observed.get_future();
  std::deque<native::Reply> kept;
  while (over.wait_for(std::chrono::milliseconds(0)) != std::future_status::ready) {
    auto reply =
        state.clients[1]
            .command<native::Reply>({"GET", key_name(kept.size())}, boost::asio::use_future)
            .get();
    if (reply) kept.push_back(*std::move(reply));
    if (kept.size() > 20) kept.clear();
    if (state.subscription.statistics().queued > 1000) state.take_messages();
  }
  wait_until("what is under way", [&] { return state.under_way == 0; });
  kept.clear();
  // What the clients' thread has, it lets go itself.
  std::promise<void> cleared;
  boost::asio::post(executor, [&] {
    state.kept.clear();
    cleared.set_value();
  });
  cleared.get_future().wait();
}

std::size_t MixedLoad::used() const { return state_->clients[0].statistics().memory.used; }

std::size_t MixedLoad::clients_count() const { return state_->clients.size(); }

std::size_t MixedLoad::requests_count() const { return state_->requests; }

}  // namespace plimsoll::bench
