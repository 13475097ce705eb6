#include <dlfcn.h>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/shared_server.h"

// A program that closes a plugin which has a client. The client's thread runs until the process
// ends, so its code has to stay.

namespace plimsoll::testing::plugin_test {
namespace {

constexpr const char* plugin = "tests/native/libplugin.so";

TEST_CASE("a plugin that has used a client stays in memory when it is closed") {
  void* const opened = ::dlopen(plugin, RTLD_NOW | RTLD_LOCAL);
  INFO((opened == nullptr ? ::dlerror() : ""));
  REQUIRE(opened != nullptr);
  const auto pings = reinterpret_cast<bool (*)(const char*)>(::dlsym(opened, "plugin_pings"));
  REQUIRE(pings != nullptr);
  CHECK(pings(unix_url().c_str()));
  CHECK(::dlclose(opened) == 0);
  CHECK(::dlopen(plugin, RTLD_NOW | RTLD_NOLOAD) != nullptr);
  CHECK(pings(unix_url().c_str()));
}

}  // namespace
}  // namespace plimsoll::testing::plugin_test
