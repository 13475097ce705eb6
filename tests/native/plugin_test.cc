#include <dlfcn.h>

#include <string>
#include <thread>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/shared_server.h"

// A program that closes a plugin which has a client. The client's thread runs until the process
// ends, so its code has to stay. Built by gcc, a plugin with inline variables stays in any case;
// built by clang, as this one is with sanitizers, it does not.

namespace plimsoll::testing::plugin_test {
namespace {

constexpr const char* plugin = "tests/native/libplugin.so";

TEST_CASE("a plugin that has used a client stays in memory when it is closed") {
  void* const opened = ::dlopen(plugin, RTLD_NOW | RTLD_LOCAL);
  INFO((opened == nullptr ? ::dlerror() : ""));
  REQUIRE(opened != nullptr);
  const auto pings = reinterpret_cast<bool (*)(const char*)>(::dlsym(opened, "plugin_pings"));
  REQUIRE(pings != nullptr);
  const std::string url = unix_url();
  // In a thread that ends: as long as one lives that has used the plugin, glibc keeps it.
  bool pinged = false;
  std::thread([&] { pinged = pings(url.c_str()); }).join();
  CHECK(pinged);
  CHECK(::dlclose(opened) == 0);
  CHECK(::dlopen(plugin, RTLD_NOW | RTLD_NOLOAD) != nullptr);
  CHECK(pings(url.c_str()));
}

}  // namespace
}  // namespace plimsoll::testing::plugin_test
