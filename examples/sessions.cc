// A store for a web site's sessions: a hash for each, which expires when nobody comes back, and a
// key that lets a user be signed in only once.

#include <chrono>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"

namespace asio = boost::asio;
namespace native = plimsoll::native;

using Session = std::unordered_map<std::string, std::string>;

class SessionStore {
 public:
  explicit SessionStore(native::Client& client) : client_(client) {}

  /// False: the user has a session already.
  asio::awaitable<bool> open(std::string id, std::string user) {
    native::SetOptions options;
    options.when = native::When::if_absent;
    options.expiry = native::SetExpiry::in(lifetime);
    const auto claimed = co_await client_.set("signed-in:" + user, id, options);
    if (!claimed) co_return false;
    co_await client_.hset("session:" + id, {{"user", user}, {"cart", "empty"}});
    co_await touch(id);
    co_return true;
  }

  /// None: it expired, or never was.
  asio::awaitable<std::optional<Session>> find(std::string id) {
    auto session = co_await client_.hgetall("session:" + id);
    if (session.empty()) co_return std::nullopt;
    co_await touch(id);
    co_return session;
  }

  asio::awaitable<void> close(std::string id) {
    const auto user = co_await client_.hget("session:" + id, "user");
    co_await client_.del({"session:" + id, "signed-in:" + user.value_or("")});
  }

 private:
  static constexpr auto lifetime = std::chrono::minutes(30);

  asio::awaitable<void> touch(std::string_view id) {
    const std::chrono::milliseconds time = lifetime;
    co_await client_.command("PEXPIRE", "session:" + std::string(id), std::to_string(time.count()));
  }

  native::Client& client_;
};

asio::awaitable<void> run(std::string url) {
  auto client = co_await native::connect(url);
  SessionStore sessions(client);

  std::cout << std::boolalpha;
  std::cout << "brunel opens c0ffee: " << co_await sessions.open("c0ffee", "brunel") << "\n";
  std::cout << "brunel opens 5ca1ab: " << co_await sessions.open("5ca1ab", "brunel") << "\n";

  const auto session = co_await sessions.find("c0ffee");
  const std::chrono::milliseconds left(co_await client.pttl("session:c0ffee"));
  std::cout << "c0ffee is " << session->at("user") << "'s, its cart is " << session->at("cart")
            << ", " << std::chrono::ceil<std::chrono::minutes>(left).count() << " minutes left\n";

  co_await sessions.close("c0ffee");
  std::cout << "c0ffee is there: " << (co_await sessions.find("c0ffee")).has_value() << "\n";
}

int main(int argc, char** argv) try {
  const std::string url = argc > 1 ? argv[1] : "valkey://127.0.0.1:6379";
  asio::io_context io;
  auto done = asio::co_spawn(io, run(url), asio::use_future);
  io.run();
  done.get();  // throws what run() threw
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}

// Prints:
//   brunel opens c0ffee: true
//   brunel opens 5ca1ab: false
//   c0ffee is brunel's, its cart is empty, 30 minutes left
//   c0ffee is there: false
