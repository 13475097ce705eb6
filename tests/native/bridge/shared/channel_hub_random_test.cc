#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "plimsoll/core/base/random.h"
#include "plimsoll/native/bridge/shared/channel_hub.h"
#include "plimsoll/tests/native/bridge/shared/hub_world.h"
#include "plimsoll/tests/support/valkey_server.h"

// Listeners that come, go, ask for names and leave them at random, while messages are published;
// and a model of what each of them must get, may get, and must not get.

namespace plimsoll::testing::channel_hub_random_test {
namespace {

using bridge::PushForm;
using Kind = bridge::ChannelKind;
using Error = std::optional<native::Error>;

constexpr std::array<std::string_view, 4> channels{"a:1", "a:2", "b:1", "b:2"};
constexpr std::array<std::string_view, 3> patterns{"a:*", "*:1", "*"};

bool matches(std::string_view pattern, std::string_view channel) {
  return pattern == "*" || (pattern == "a:*" && channel[0] == 'a') ||
         (pattern == "*:1" && channel[2] == '1');
}

// What one listener has, and what has come.
class ModelListener final : public bridge::HubListener {
 public:
  using Name = std::pair<Kind, std::string>;
  enum class Has { no, asked, yes };

  explicit ModelListener(PushForm form) : form_(form) {}

  void handle_push(const bridge::PushBytes& push) override {
    const std::string bytes(push->bytes());
    // Each message is unique, so one that came twice is not here the second time.
    const bool is_due = due_.erase(bytes) > 0;
    const bool may_come = possible_.erase(bytes) > 0;
    INFO(bytes);
    CHECK((is_due || may_come));
  }
  // Whatever was due and has not come is said to be missing.
  void handle_gap(std::string_view) override {
    ++gaps_count;
    names_.clear();
    due_.clear();
    possible_.clear();
  }

  Has has(const Name& name) const {
    const auto found = names_.find(name);
    return found == names_.end() ? Has::no : found->second.has;
  }

  // The add() with this number asks for the name.
  void ask(const Name& name, int add) {
    State& state = names_[name];
    if (state.has == Has::yes) return;
    state.has = Has::asked;
    state.adds.insert(add);
  }
  void confirm(const Name& name, int add) {
    const auto found = names_.find(name);
    if (found != names_.end() && found->second.adds.contains(add)) found->second.has = Has::yes;
  }
  void refuse(const Name& name, int add) {
    const auto found = names_.find(name);
    if (found == names_.end() || found->second.has == Has::yes) return;
    found->second.adds.erase(add);
    if (found->second.adds.empty()) leave(name);
  }
  void leave(const Name& name) {
    names_.erase(name);
    forget(due_, name);
    forget(possible_, name);
  }

  void publish(const Name& name, std::string_view channel, const std::string& payload) {
    const Has had = has(name);
    if (had == Has::no) return;
    auto& expected = had == Has::yes ? due_ : possible_;
    expected.emplace(bytes_of(name, channel, payload), name);
  }

  bool is_waiting() const { return !due_.empty(); }

  int gaps_count = 0;

 private:
  struct State {
    Has has = Has::no;
    std::set<int> adds;
  };
  using Expected = std::map<std::string, Name>;

  static void forget(Expected& expected, const Name& name) {
    std::erase_if(expected, [&](const auto& each) { return each.second == name; });
  }
  std::string bytes_of(const Name& name, std::string_view channel, const std::string& payload) {
    const std::string text(channel);
    switch (name.first) {
      case Kind::channel: return message_bytes(form_, {"message", text, payload});
      case Kind::pattern: return message_bytes(form_, {"pmessage", name.second, text, payload});
      case Kind::shard: return message_bytes(form_, {"smessage", text, payload});
    }
    return {};
  }

  const PushForm form_;
  std::map<Name, State> names_;
  Expected due_;
  Expected possible_;
};

enum class Connections { stay, are_lost };

class RandomWorld {
 public:
  RandomWorld(const ValkeyServer& server, PushForm form, std::uint64_t seed,
              Connections connections)
      : server_(server), connections_(connections), world_(server.url(), form), random_(seed) {
    for (int i = 0; i < 5; ++i) listeners_.push_back(make());
  }

  void step() {
    switch (random_.below(10)) {
      case 0:
      case 1:
      case 2: return add();
      case 3:
      case 4: return remove();
      case 5:
        if (random_.below(4) == 0) replace();
        if (random_.below(16) == 0) lose_connection();
        return;
      case 6: return run();
      default: return publish();
    }
  }

  // Everything that is due comes, and what nobody has is not subscribed.
  void finish() {
    world_.wait([&] {
      world_.hub().check();
      for (const auto& listener : listeners_) {
        if (listener->is_waiting()) return false;
      }
      return adds_waiting_ == 0;
    });
    for (const auto& listener : listeners_) {
      if (connections_ == Connections::stay) CHECK(listener->gaps_count == 0);
      world_.hub().remove_all(*listener);
    }
    world_.settle();
    world_.settle();
    CHECK(world_.hub().statistics().names == 0);
    CHECK(world_.hub().statistics().listeners == 0);
    CHECK(server_.ask("PUBSUB CHANNELS ?:?") == "*0\r\n");
    CHECK(server_.ask("PUBSUB SHARDCHANNELS") == "*0\r\n");
    CHECK(server_.ask("PUBSUB NUMPAT") == ":0\r\n");
  }

 private:
  using Name = ModelListener::Name;

  std::shared_ptr<ModelListener> make() { return std::make_shared<ModelListener>(world_.form()); }
  const std::shared_ptr<ModelListener>& any() {
    return listeners_[random_.below(listeners_.size())];
  }
  Kind any_kind() { return static_cast<Kind>(random_.below(3)); }
  std::vector<std::string_view> any_names(Kind kind) {
    std::vector<std::string_view> names;
    for (std::uint64_t i = random_.below(3) + 1; i > 0; --i) {
      names.push_back(kind == Kind::pattern ? patterns[random_.below(patterns.size())]
                                            : channels[random_.below(channels.size())]);
    }
    return names;
  }

  void add() {
    const std::shared_ptr<ModelListener> listener = any();
    const Kind kind = any_kind();
    const std::vector<std::string_view> names = any_names(kind);
    const int number = ++adds_;
    for (const std::string_view name : names) listener->ask({kind, std::string(name)}, number);
    ++adds_waiting_;
    // `ends` counts the add even if the listener is removed, and it is never done.
    const std::shared_ptr<void> ends(nullptr, [this](void*) { --adds_waiting_; });
    world_.hub().add(
        *listener, kind, names,
        [this, listener = listener.get(), kind, names, number, ends](const Error& error) {
          if (connections_ == Connections::stay) CHECK_FALSE(error);
          for (const std::string_view text : names) {
            const Name name(kind, text);
            error ? listener->refuse(name, number) : listener->confirm(name, number);
          }
        });
  }

  void remove() {
    ModelListener& listener = *any();
    const Kind kind = any_kind();
    const std::vector<std::string_view> names = any_names(kind);
    world_.hub().remove(listener, kind, names);
    for (const std::string_view name : names) listener.leave({kind, std::string(name)});
  }

  void replace() {
    std::shared_ptr<ModelListener>& listener = listeners_[random_.below(listeners_.size())];
    world_.hub().remove_all(*listener);
    listener = make();
  }

  void lose_connection() {
    if (connections_ == Connections::are_lost) server_.ask("CLIENT KILL TYPE pubsub");
  }

  void run() {
    if (random_.below(8) == 0) return world_.wait([this] { return adds_waiting_ == 0; });
    world_.context().restart();
    world_.context().poll();
    if (random_.below(8) == 0) world_.hub().check();
  }

  // The server has published when this returns, and the hub has not run.
  void publish() {
    const std::string payload = std::to_string(++messages_);
    const std::string channel(channels[random_.below(channels.size())]);
    const bool is_shard = random_.below(3) == 0;
    server_.ask((is_shard ? "SPUBLISH " : "PUBLISH ") + channel + " " + payload);
    for (const auto& listener : listeners_) {
      listener->publish({is_shard ? Kind::shard : Kind::channel, channel}, channel, payload);
      if (is_shard) continue;
      for (const std::string_view pattern : patterns) {
        if (!matches(pattern, channel)) continue;
        listener->publish({Kind::pattern, std::string(pattern)}, channel, payload);
      }
    }
  }

  const ValkeyServer& server_;
  const Connections connections_;
  std::vector<std::shared_ptr<ModelListener>> listeners_;
  int adds_ = 0;
  int adds_waiting_ = 0;
  int messages_ = 0;
  HubWorld world_;
  Random random_;
};

void run_world(std::uint64_t seed, Connections connections) {
  static const ValkeyServer server;
  INFO("seed " << seed);
  const PushForm form = seed % 2 == 0 ? PushForm::resp3 : PushForm::resp2;
  RandomWorld world(server, form, seed, connections);
  for (int i = 0; i < 600; ++i) world.step();
  world.finish();
}

TEST_CASE("each listener gets what is published to its names while it has them, and nothing else") {
  run_world(GENERATE(range(1u, 41u)), Connections::stay);
}

TEST_CASE("a listener that misses a message since the connection was lost hears of a gap") {
  run_world(GENERATE(range(1u, 21u)), Connections::are_lost);
}

}  // namespace
}  // namespace plimsoll::testing::channel_hub_random_test
