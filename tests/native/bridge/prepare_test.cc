#include "plimsoll/native/bridge/prepare.h"

#include <cstdint>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/native/runtime/runtime.h"

// From a configuration to the settings of the server.

namespace plimsoll::testing::prepare_test {
namespace {

using bridge::Config;
using bridge::Prepared;
using bridge::Upstream;

constexpr std::uint64_t mib = std::uint64_t{1024} * 1024;

Upstream alone(const std::string& name) {
  Upstream upstream;
  upstream.name = name;
  upstream.endpoint.host = "h";
  return upstream;
}

Upstream shared(const std::string& name, std::uint64_t cache_size) {
  Upstream upstream = alone(name);
  upstream.shares_connections = true;
  if (cache_size > 0) upstream.cache.emplace().size = cache_size;
  return upstream;
}

const bridge::Target& target_of(const Prepared& prepared, const std::string& name) {
  return prepared.settings.rules.upstreams.at(name);
}

TEST_CASE("only an upstream whose connections are shared says how its clients are made") {
  Config config;
  config.upstreams = {alone("alone"), shared("main", 0)};
  const Prepared prepared = prepare(config);
  CHECK(target_of(prepared, "alone").shared == nullptr);
  REQUIRE(target_of(prepared, "main").shared != nullptr);
  CHECK(target_of(prepared, "main").shared->name == "main");
  CHECK(target_of(prepared, "main").shared->url == "valkey://h:6379");
  CHECK(target_of(prepared, "main").endpoint.host == "h");
}

TEST_CASE("each upstream gets the cache that it asks for, and no other") {
  REQUIRE(native::Runtime::get().budget(std::to_string(256 * mib)));
  Config config;
  config.upstreams = {shared("a", mib), shared("b", 2 * mib), shared("c", 0)};
  Prepared prepared = prepare(config);
  CHECK(target_of(prepared, "a").shared->options.client_side_cache == nullptr);
  REQUIRE(make_caches(config, prepared));
  const auto cache_of = [&](const std::string& name) {
    return target_of(prepared, name).shared->options.client_side_cache;
  };
  REQUIRE(cache_of("a"));
  REQUIRE(cache_of("b"));
  CHECK(cache_of("a") != cache_of("b"));
  CHECK(cache_of("a")->cache_total_lookups().value() == 0);
  CHECK_FALSE(cache_of("c"));
}

TEST_CASE("a cache that the memory line cannot hold is refused with its upstream's name") {
  REQUIRE(native::Runtime::get().budget(std::to_string(256 * mib)));
  Config config;
  config.upstreams = {shared("main", 512 * mib)};
  Prepared prepared = prepare(config);
  const auto made = make_caches(config, prepared);
  REQUIRE_FALSE(made);
  CHECK(made.error().text().starts_with("upstreams.main.cache: max_cache_kb is more than"));
}

}  // namespace
}  // namespace plimsoll::testing::prepare_test
