#include "plimsoll/core/cluster/replication_report.h"

#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/resp/parsed.h"

namespace plimsoll::replication_report_test {
namespace {

using Role = ReplicationReport::Role;

// INFO replication of valkey-server 8.0 with two replicas, one of which gets its data just now.
constexpr std::string_view of_primary =
    "# Replication\r\n"
    "role:master\r\n"
    "connected_slaves:2\r\n"
    "slave0:ip=127.0.0.1,port=7001,state=online,offset=5432,lag=1,type=replica\r\n"
    "slave1:ip=::1,port=7002,state=wait_bgsave,offset=0,lag=0,type=replica\r\n"
    "replicas_waiting_psync:0\r\n"
    "master_failover_state:no-failover\r\n"
    "master_replid:0f4c6da2d1a33f8f3ff1ff3ae4bb4a0a2cfb8eb5\r\n"
    "master_replid2:0000000000000000000000000000000000000000\r\n"
    "master_repl_offset:5446\r\n"
    "second_repl_offset:-1\r\n"
    "repl_backlog_active:1\r\n"
    "repl_backlog_size:10485760\r\n"
    "repl_backlog_first_byte_offset:1\r\n"
    "repl_backlog_histlen:5446\r\n";

// ... and of a replica, which has all that it was sent, but was sent less than it will be.
constexpr std::string_view of_replica =
    "# Replication\r\n"
    "role:slave\r\n"
    "master_host:127.0.0.1\r\n"
    "master_port:7000\r\n"
    "master_link_status:up\r\n"
    "master_last_io_seconds_ago:1\r\n"
    "master_sync_in_progress:0\r\n"
    "slave_read_repl_offset:5440\r\n"
    "slave_repl_offset:5432\r\n"
    "slave_priority:100\r\n"
    "slave_read_only:1\r\n"
    "replica_announced:1\r\n"
    "connected_slaves:0\r\n"
    "master_failover_state:no-failover\r\n"
    "master_replid:0f4c6da2d1a33f8f3ff1ff3ae4bb4a0a2cfb8eb5\r\n"
    "master_replid2:0000000000000000000000000000000000000000\r\n"
    "master_repl_offset:5446\r\n"
    "second_repl_offset:-1\r\n";

constexpr std::string_view of_server =
    "# Server\r\n"
    "redis_version:7.2.4\r\n"
    "server_name:valkey\r\n"
    "tcp_port:7001\r\n"
    "availability_zone:eu-west-1a\r\n"
    "io_threads_active:0\r\n";

std::string show(const ReplicationReport& report) {
  std::string out = report.role == Role::primary   ? "primary"
                    : report.role == Role::replica ? "replica"
                                                   : "unknown";
  if (report.is_link_up) out += " up";
  if (report.has_offset) out += " " + std::to_string(report.offset);
  if (report.history != ReplicationId{}) {
    out += " " + std::string(report.history.data(), report.history.size());
  }
  if (!report.zone.empty()) out += " in " + std::string(report.zone.text());
  for (const NodeAddress& address : report.known_replicas()) {
    out += " " + std::string(address.host()) + "/" + std::to_string(address.port());
  }
  if (report.replicas_left_out > 0) out += " and " + std::to_string(report.replicas_left_out);
  return out;
}

std::string read(std::string_view text) {
  ReplicationReport report;
  report.read(text);
  return show(report);
}

// A streamed string of two chunks, which are two pieces.
std::string read_cut(std::string_view text, std::size_t at) {
  const auto chunk = [](std::string_view bytes) {
    return ";" + std::to_string(bytes.size()) + "\r\n" + std::string(bytes) + "\r\n";
  };
  const testing::Parsed reply("$?\r\n" + chunk(text.substr(0, at)) + chunk(text.substr(at)) +
                              ";0\r\n");
  ReplicationReport report;
  report.read(*reply.value().as_bytes());
  return show(report);
}

constexpr const char* history = "0f4c6da2d1a33f8f3ff1ff3ae4bb4a0a2cfb8eb5";

TEST_CASE("a primary says its history, how much it has run, and which replicas are online") {
  CHECK(read(of_primary) == "primary 5446 " + std::string(history) + " 127.0.0.1/7001");
}

TEST_CASE("a replica has run what it has run, not what it was sent or its primary has") {
  CHECK(read(of_replica) == "replica up 5432 " + std::string(history));
}

TEST_CASE("INFO server says the zone, and leaves all else as it is") {
  ReplicationReport report;
  report.read(of_replica);
  report.read(of_server);
  CHECK(show(report) == "replica up 5432 " + std::string(history) + " in eu-west-1a");
  report.read("availability_zone:\r\n");
  CHECK(report.zone.empty());
}

TEST_CASE("a text that comes in pieces is read as a whole, wherever it is cut") {
  for (const std::string_view text : {of_primary, of_replica, of_server}) {
    const std::string whole = read(text);
    for (std::size_t at = 1; at < text.size(); ++at) {
      CAPTURE(at);
      REQUIRE(read_cut(text, at) == whole);
    }
  }
}

TEST_CASE("a text that ends early leaves what it does not have as it was") {
  // Fields are known by their names, and a number that was cut is another number: no more can be
  // asked of a text without an end.
  for (std::size_t size = 0; size <= of_primary.size(); ++size) {
    ReplicationReport report;
    report.read(of_primary.substr(0, size));
    CHECK(report.replicas_count <= 1);
    CHECK((report.role == Role::primary) == (size >= of_primary.find("master\r\n") + 6));
  }
  CHECK(read("") == "unknown");
  CHECK(read("\r\n\r\n:\r\n") == "unknown");
  CHECK(read("hello") == "unknown");
}

TEST_CASE("a link that is down, or of which nothing is said, is no link") {
  CHECK(read("role:slave\r\nmaster_link_status:down\r\nslave_repl_offset:7\r\n") == "replica 7");
  CHECK(read("role:slave\r\nslave_repl_offset:7\r\n") == "replica 7");
}

TEST_CASE("a number that does not fit, or is none, is no offset") {
  const auto offset = [](const std::string& text) {
    return read("role:master\r\nmaster_repl_offset:" + text + "\r\n");
  };
  CHECK(offset("0") == "primary 0");
  CHECK(offset("9223372036854775807") == "primary 9223372036854775807");
  CHECK(offset("18446744073709551600") == "primary 18446744073709551600");
  for (const char* text : {"18446744073709551616", "99999999999999999999999999", "-1", "+1", "",
                           " 1", "1 ", "0x1", "1e3"}) {
    CAPTURE(text);
    CHECK(offset(text) == "primary");
  }
}

TEST_CASE("an offset that stands in front of the role is that of a primary") {
  CHECK(read("master_repl_offset:5\r\nrole:slave\r\n") == "replica 5");
  CHECK(read("slave_repl_offset:5\r\nrole:slave\r\n") == "replica");
}

TEST_CASE("a history is forty characters, or none") {
  const std::string forty(40, 'a');
  CHECK(read("master_replid:" + forty + "\r\n") == "unknown " + forty);
  CHECK(read("master_replid:" + forty + "a\r\n") == "unknown");
  CHECK(read("master_replid:" + forty + "\r\nmaster_replid:a\r\n") == "unknown");
  CHECK(read("master_replid:\r\n") == "unknown");
}

TEST_CASE("a role that is none of the two is not known") {
  CHECK(read("role:sentinel\r\nmaster_repl_offset:7\r\n") == "unknown 7");
  CHECK(read("role:master\r\nrole:\r\n") == "unknown");
}

TEST_CASE("replicas have an address, whatever else is said of them") {
  CHECK(read("slave0:ip=::1,port=6379,state=online\r\n") == "unknown ::1/6379");
  CHECK(read("slave0:ip=fe80::1%eth0,port=1,state=online,lag=0\r\n") == "unknown fe80::1%eth0/1");
  CHECK(read("slave12:state=online,port=6379,ip=r.example\r\n") == "unknown r.example/6379");
  CHECK(read("slave0:ip=a,port=6379,state=online\n") == "unknown a/6379");
  // What cannot be an address is counted.
  CHECK(read("slave0:ip=,port=6379,state=online\r\n") == "unknown and 1");
  CHECK(read("slave0:ip=a,port=65536,state=online\r\n") == "unknown and 1");
  CHECK(read("slave0:port=6379,state=online\r\n") == "unknown and 1");
  CHECK(read("slave0:ip=a b,port=6379,state=online\r\n") == "unknown and 1");
  // These are no replicas, or not yet.
  CHECK(read("slave0:ip=a,port=6379,state=send_bulk\r\n") == "unknown");
  CHECK(read("slave0:ip=a,port=6379\r\n") == "unknown");
  CHECK(read("slave0:\r\nslave0\r\nslave:ip=a,port=6379,state=online\r\n") == "unknown");
  CHECK(read("slaves0:ip=a,port=6379,state=online\r\n") == "unknown");
}

TEST_CASE("replicas beyond the most are counted") {
  std::string text = "role:master\r\n";
  std::string expected = "primary";
  for (std::uint32_t i = 0; i < replicas_max + 3; ++i) {
    const std::string number = std::to_string(i);
    text += "slave" + number + ":ip=h" + number + ",port=6379,state=online\r\n";
    if (i < replicas_max) expected += " h" + number + "/6379";
  }
  CHECK(read(text) == expected + " and 3");
}

TEST_CASE("a line that is too long is cut off, and the next one is read") {
  const std::string host(253, 'h');
  const std::string lag(300, '9');
  const std::string text = "slave0:ip=" + host + ",port=6379,state=online,lag=" + lag + "\r\n" +
                           "slave1:lag=" + std::string(600, '9') +
                           ",ip=b,port=6379,state=online\r\nrole:master\r\n";
  const std::string expected = "primary " + host + "/6379";
  CHECK(read(text) == expected);
  for (std::size_t at = 1; at < text.size(); at += 7) CHECK(read_cut(text, at) == expected);
}

TEST_CASE("the longest zone has a name, and a longer one has none") {
  const std::string longest(ZoneName::bytes_max, 'z');
  CHECK(read("availability_zone:" + longest + "\r\n") == "unknown in " + longest);
  CHECK(read("availability_zone:" + longest + "z\r\n") == "unknown");
  CHECK(ZoneName("a") == ZoneName("a"));
  CHECK_FALSE(ZoneName("a") == ZoneName("ab"));
}

}  // namespace
}  // namespace plimsoll::replication_report_test
