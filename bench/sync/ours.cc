#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/use_future.hpp>

#include "plimsoll/bench/program.h"
#include "plimsoll/bench/sync/callers.h"
#include "plimsoll/client.h"
#include "plimsoll/sync_client.h"

namespace plimsoll::bench {
namespace {

using Value = native::Result<std::optional<std::string>>;

std::string url_of(std::uint16_t port) { return "valkey://127.0.0.1:" + std::to_string(port); }

// Also under tools that make everything slow.
native::Options patient_options() {
  native::Options options;
  options.request_timeout = std::chrono::minutes(1);
  options.connect_timeout = std::chrono::minutes(1);
  return options;
}

void check(const Value& value) {
  if (!value) fail("plimsoll", value.error().what());
  if (!*value || (*value)->size() != sync_value_bytes) fail("plimsoll", "a wrong reply");
}

class OurCaller final : public Caller {
 public:
  explicit OurCaller(std::shared_ptr<native::SyncClient> client) : client_(std::move(client)) {}

  void get(std::size_t count) override {
    for (std::size_t i = 0; i < count; ++i) check(client_->get(sync_key));
  }

 private:
  const std::shared_ptr<native::SyncClient> client_;
};

class FutureCaller final : public Caller {
 public:
  explicit FutureCaller(std::shared_ptr<native::Client> client) : client_(std::move(client)) {}

  void get(std::size_t count) override {
    for (std::size_t i = 0; i < count; ++i) {
      check(client_->get(sync_key, boost::asio::use_future).get());
    }
  }

 private:
  const std::shared_ptr<native::Client> client_;
};

std::shared_ptr<native::SyncClient> connect(std::uint16_t port) {
  auto client = native::SyncClient::connect(url_of(port), patient_options());
  if (!client) fail("plimsoll", client.error().what());
  return std::make_shared<native::SyncClient>(*std::move(client));
}

}  // namespace

Callers make_our_callers(std::uint16_t port, std::size_t count) {
  const auto client = connect(port);
  Callers callers;
  while (callers.size() < count) callers.push_back(std::make_unique<OurCaller>(client));
  return callers;
}

Callers make_our_own_callers(std::uint16_t port, std::size_t count) {
  Callers callers;
  while (callers.size() < count) callers.push_back(std::make_unique<OurCaller>(connect(port)));
  return callers;
}

Callers make_future_callers(std::uint16_t port, std::size_t count) {
  auto made = native::connect(url_of(port), patient_options(), boost::asio::use_future).get();
  if (!made) fail("plimsoll", made.error().what());
  const auto client = std::make_shared<native::Client>(*std::move(made));
  Callers callers;
  while (callers.size() < count) callers.push_back(std::make_unique<FutureCaller>(client));
  return callers;
}

}  // namespace plimsoll::bench
