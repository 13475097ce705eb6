#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

// Each allocator in a process of its own (burst.cc), preloaded as users do it.

namespace plimsoll::testing::allocators_test {
namespace {

using Figures = std::map<std::string, std::string>;

// What the program printed: a name and a value a line. `environment`: words for env(1).
Figures burst(const std::string& environment) {
  const std::string program = "env " + environment + " tests/native/allocator/burst";
  FILE* const output = ::popen(program.c_str(), "r");
  REQUIRE(output != nullptr);
  std::string text;
  for (int byte = std::fgetc(output); byte != EOF; byte = std::fgetc(output)) {
    text += static_cast<char>(byte);
  }
  CHECK(::pclose(output) == 0);
  INFO(program << "\n" << text);
  Figures figures;
  std::istringstream lines(text);
  for (std::string name, value; lines >> name >> value;) figures[name] = value;
  REQUIRE(figures.contains("survivors"));
  return figures;
}

long kib(const Figures& figures, const std::string& name) { return std::stol(figures.at(name)); }

struct Case {
  std::string name;
  std::string environment;
};

TEST_CASE("the allocator that owns malloc is recognised, and gives back when it is asked") {
  const Case allocator = GENERATE(Case{"glibc", "LD_PRELOAD="},  //
                                  Case{"jemalloc", "LD_PRELOAD=libjemalloc.so.2"},
                                  Case{"tcmalloc", "LD_PRELOAD=libtcmalloc_minimal.so.4"});
  const Figures figures = burst(allocator.environment);
  INFO(allocator.environment);
  REQUIRE(figures.at("allocator") == allocator.name);
  CHECK(figures.at("version").find('.') != std::string::npos);
  const long burst_kib = kib(figures, "burst");
  CHECK(burst_kib > 190'000);
  // Twenty for caches of threads.
  CHECK(kib(figures, "asked") < burst_kib / 2);
  CHECK(kib(figures, "asked_threads") < burst_kib / 3);
  // Enough to be asked for, where the burst has left anything; and never more than there is.
  const long over_kib = kib(figures, "over");
  CHECK(kib(figures, "excess") <= over_kib);
  CHECK(kib(figures, "excess") >= (over_kib - kib(figures, "asked")) / 2);
}

TEST_CASE("mimalloc gives back what each thread asks for") {
  const Figures figures = burst("LD_PRELOAD=libmimalloc.so.2.0");
  REQUIRE(figures.at("allocator") == "mimalloc");
  CHECK(figures.at("version").find('.') != std::string::npos);
  const long burst_kib = kib(figures, "burst");
  CHECK(burst_kib > 190'000);
  CHECK(kib(figures, "asked_threads") < burst_kib / 3);
}

TEST_CASE("a library that is loaded without malloc being its own does not count") {
  // All of them: the first one owns malloc.
  const std::string all = "libtcmalloc_minimal.so.4:libjemalloc.so.2:libmimalloc.so.2.0";
  CHECK(burst("LD_PRELOAD=" + all).at("allocator") == "tcmalloc");
}

}  // namespace
}  // namespace plimsoll::testing::allocators_test
