#include "plimsoll/demo/connection.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "plimsoll/demo/finish.h"

namespace plimsoll::demo {
namespace {

namespace asio = boost::asio;
using std::chrono::seconds;

// The demo says how fast a reply came; whether that was fast enough is not its question. So a slow
// machine gets more time than the client gives by default.
constexpr auto walk_timeout = seconds(10);

Failure failure_of(const native::Error& error) {
  const bool refused = error.code() == ErrorCode::rejected_by_limit;
  return {.kind = refused ? Failure::Kind::refused : Failure::Kind::failed, .text = error.what()};
}

// What becomes of a call's result: a Reply that holds its value as a Kept, or a Failure.
template <class T, class Kept = T>
auto handing_over(std::function<void(Outcome)> done) {
  return [done = std::move(done)](native::Result<T>&& result) {
    if (!result) return done(failure_of(result.error()));
    if constexpr (std::is_void_v<T>) {
      done(Reply(std::monostate()));
    } else {
      done(Reply(static_cast<Kept>(*std::move(result))));
    }
  };
}

native::Options client_options(const Connection::Target& target) {
  native::Options options;
  options.memory_limit = target.memory_limit;
  options.read_resends_max = target.read_resends_max;
  options.request_timeout = walk_timeout;
  options.client_name = "plimsoll-demo";
  return options;
}

}  // namespace

Connection::Connection(asio::io_context& io, const Model& model, const Target& target)
    : io_(io),
      model_(model),
      prefix_(target.prefix),
      client_(connected(io, target.url, client_options(target))) {}

void Connection::send(const Request& request, Done done) {
  const auto key = key_of(prefix_, request);
  switch (request.verb) {
    case Verb::read: return read(request.topic, key, std::move(done));
    case Verb::write: return write(request, key, std::move(done));
    case Verb::remove: return client_.del(key, handing_over<std::int64_t>(std::move(done)));
  }
}

std::string Connection::info(std::string_view section, std::string_view field) {
  const auto text = finish<std::string>(
      io_, [&](auto done) { client_.command<std::string>({"INFO", section}, std::move(done)); });
  const auto name = "\n" + std::string(field) + ":";
  const auto found = text.find(name);
  if (found == std::string::npos) return {};
  const auto begin = found + name.size();
  return text.substr(begin, text.find_first_of("\r\n", begin) - begin);
}

void Connection::add_to_set(std::string_view key, const Members& members) {
  if (members.empty()) return;
  finish<std::int64_t>(
      io_, [&](auto done) { client_.sadd(prefix_ + std::string(key), members, std::move(done)); });
}

void Connection::read(Topic topic, const std::string& key, Done done) {
  switch (topic) {
    case Topic::version:
      return client_.get(key, handing_over<std::optional<std::string>>(std::move(done)));
    case Topic::fields:
      return client_.hgetall(key, handing_over<native::StringMap, Fields>(std::move(done)));
    case Topic::depends:
    case Topic::providers: return client_.smembers(key, handing_over<Members>(std::move(done)));
  }
}

void Connection::write(const Request& request, const std::string& key, Done done) {
  if (request.topic == Topic::providers) {
    const auto& members = model_.providers(request.name);
    return client_.sadd(key, members, handing_over<std::int64_t>(std::move(done)));
  }
  const auto* package = model_.find(request.name);
  if (package == nullptr) return done(Failure{.text = "no such package: " + request.name});
  switch (request.topic) {
    case Topic::version:
      return client_.set(key, package->version, handing_over<void>(std::move(done)));
    case Topic::fields:
      return client_.hset(key, package->fields, handing_over<std::int64_t>(std::move(done)));
    case Topic::depends:
    case Topic::providers:
      return client_.sadd(key, package->depends, handing_over<std::int64_t>(std::move(done)));
  }
}

}  // namespace plimsoll::demo
