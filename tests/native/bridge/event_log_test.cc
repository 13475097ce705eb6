#include "plimsoll/native/bridge/event_log.h"

#include <chrono>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

namespace plimsoll::testing::event_log_test {
namespace {

using bridge::EventLog;
using bridge::LogFormat;
using bridge::to_rfc3339;
using native::Severity;
using Json = nlohmann::ordered_json;

TEST_CASE("people get a sentence") {
  std::ostringstream out;
  EventLog log(out, LogFormat::text);
  log.write(Severity::error, "start_failed", "listen: something is wrong");
  CHECK(out.str() == "plimsoll-bridge: listen: something is wrong\n");
}

TEST_CASE("programs get a line of JSON with time, level, event and message") {
  std::ostringstream out;
  EventLog log(out, LogFormat::text);
  log.set_format(LogFormat::json);
  log.write(Severity::warn, "reload_refused", "two\nlines and a \" quote");
  const std::string line = out.str();
  CHECK(line.find('\n') == line.size() - 1);
  const Json entry = Json::parse(line);
  CHECK(entry.size() == 4);
  CHECK(entry["time"].get<std::string>().size() == std::string("2026-01-31T23:59:59.000Z").size());
  CHECK(entry["level"] == "warn");
  CHECK(entry["event"] == "reload_refused");
  CHECK(entry["message"] == "two\nlines and a \" quote");
}

TEST_CASE("what the library adds to its records is there, and no text is invalid JSON") {
  std::ostringstream out;
  EventLog log(out, LogFormat::json);
  const native::LogAttribute attributes[] = {{"plimsoll.memory.limit", "1048576"}};
  log.write(Severity::info, "plimsoll.memory.given_back", "a file called \xff\xfe", attributes);
  const Json entry = Json::parse(out.str());
  CHECK(entry["level"] == "info");
  CHECK(entry["attributes"]["plimsoll.memory.limit"] == "1048576");
}

TEST_CASE("times are UTC, to the millisecond, also before 1970") {
  using std::chrono::milliseconds;
  const auto at = [](std::int64_t since) {
    return to_rfc3339(std::chrono::system_clock::time_point(milliseconds(since)));
  };
  CHECK(at(0) == "1970-01-01T00:00:00.000Z");
  CHECK(at(1'769'903'999'007) == "2026-01-31T23:59:59.007Z");
  CHECK(at(-1) == "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace plimsoll::testing::event_log_test
