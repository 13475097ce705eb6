#include "plimsoll/core/cluster/self_report.h"

#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/resp/parsed.h"

namespace plimsoll::self_report_test {
namespace {

const std::string id_a = "07c37dfeb235213a872192d90877d0cd55635b91";
const std::string id_b = "67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1";
const std::string other = id_b +
                          " 127.0.0.1:7002@17002,host-2 master - 0 1795733121984 2 connected "
                          "5461-10922 [7->-" +
                          id_a + "]\n";
const std::string own = id_a +
                        " 127.0.0.1:7001@17001,host-1,shard-id=9 myself,master - 0 0 7 "
                        "connected 0-5460 5500 [93->-" +
                        id_b + "] [77-<-" + id_b + "]\n";

std::string as_reply(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

std::string show(const SlotSet& set) {
  std::string shown;
  set.for_each_range([&shown](Slot first, Slot last) {
    shown += " " + std::to_string(first) + "-" + std::to_string(last);
  });
  return shown;
}

Status read_nodes(SelfReport& report, std::string_view text, std::size_t piece_bytes = SIZE_MAX) {
  const testing::Parsed reply(as_reply(text), piece_bytes);
  return report.read_nodes(*reply.value().as_bytes());
}

SelfReport fields(std::string_view text, std::size_t piece_bytes = SIZE_MAX) {
  const testing::Parsed reply(as_reply(text), piece_bytes);
  SelfReport report;
  report.read_fields(*reply.value().as_bytes());
  return report;
}

TEST_CASE("a node's own line says which slots it has, without those on their way") {
  for (const std::string& text : {own, own + other, other + own, other + own + other + "\n"}) {
    SelfReport report;
    REQUIRE(read_nodes(report, text));
    CHECK(std::string(report.id.data(), report.id.size()) == id_a);
    CHECK(report.is_primary);
    CHECK(show(report.at_rest) == " 0-76 78-92 94-5460 5500-5500");
  }
}

TEST_CASE("a node's own line is read the same in pieces of any size") {
  SelfReport whole;
  REQUIRE(read_nodes(whole, other + own));
  for (std::size_t size = 1; size < 40; ++size) {
    SelfReport report;
    REQUIRE(read_nodes(report, other + own, size));
    CHECK(report.at_rest == whole.at_rest);
    CHECK(report.came == whole.came);
  }
}

TEST_CASE("a replica owns no slots") {
  SelfReport report;
  REQUIRE(read_nodes(report, id_a + " h:1@2 myself,slave " + id_b + " 0 0 7 connected\n" + other));
  CHECK(!report.is_primary);
  CHECK(report.at_rest.empty());
}

TEST_CASE("every other slot of a cluster, in one line, is read") {
  std::string line = id_a + " h:1@2 myself,master - 0 0 7 connected";
  for (int slot = 0; slot < 16384; slot += 2) line += " " + std::to_string(slot);
  SelfReport report;
  REQUIRE(read_nodes(report, other + line + "\n", 1000));
  CHECK(report.at_rest.count() == 8192);
  CHECK(report.at_rest.has(16382));
  CHECK(!report.at_rest.has(16383));
}

TEST_CASE("an address of any length in a line is passed over") {
  SelfReport report;
  REQUIRE(read_nodes(
      report, id_a + " " + std::string(500, 'h') + " myself,master - 0 0 7 connected 1-3\n"));
  CHECK(show(report.at_rest) == " 1-3");
}

TEST_CASE("what is no answer to CLUSTER NODES is refused") {
  const std::string begin = id_a + " h:1@2 myself,master - 0 0 7 connected ";
  for (const std::string& text :
       {std::string(), std::string("\n"), other, "x" + own, own + own, begin + "16384", begin + "x",
        begin + "3-2", begin + "1-", begin + "-1", begin + "1-2-3", begin + "[x]", begin + "[",
        begin + "[16384->-" + id_b + "]", begin + std::string(100, '1'), id_a + " h:1@2 myself",
        id_a + " h:1@2 myself,master - 0 0 7\n" + other}) {
    INFO(text);
    SelfReport report;
    const Status read = read_nodes(report, text);
    REQUIRE(!read);
    CHECK(read.error().code == ErrorCode::protocol_error);
  }
}

TEST_CASE("another config epoch means that slots may have come") {
  SelfReport before;
  SelfReport after;
  REQUIRE(read_nodes(before, id_a + " h:1@2 myself,master - 0 0 7 connected 1\n"));
  REQUIRE(read_nodes(after, id_a + " h:1@2 myself,master - 5 6 8 connected 1\n"));
  CHECK(before.came != after.came);
  CHECK(before.left == after.left);
  CHECK(before.identity == after.identity);
}

constexpr std::string_view all_fields =
    "# Server\r\nrun_id:aa\r\n# Replication\r\nrole:master\r\nmaster_replid:bb\r\n"
    "master_replid2:00\r\ncluster_state:ok\r\n"
    "cmdstat_cluster|nodes:calls=1,usec=2\r\ncmdstat_get:calls=7,usec=5\r\n";

std::string with(std::string_view line) {
  return std::string(all_fields) + std::string(line) + "\r\n";
}

// Which of the four differ from a report without the line: "icls".
std::string differs(std::string_view line) {
  const SelfReport before = fields(all_fields);
  const SelfReport after = fields(with(line));
  return std::string(before.identity == after.identity ? "" : "i") +
         (before.came == after.came ? "" : "c") + (before.left == after.left ? "" : "l") +
         (before.settled == after.settled ? "" : "s");
}

TEST_CASE("commands that move keys show in a node's counts, and no others") {
  CHECK(differs("cmdstat_restore-asking:calls=1,usec=3") == "c");
  CHECK(differs("cmdstat_migrate:calls=1,usec=3") == "l");
  CHECK(differs("cmdstat_cluster|setslot:calls=1,usec=3") == "s");
  CHECK(differs("cmdstat_cluster:calls=1,usec=3") == "s");
  CHECK(differs("cmdstat_cluster|migrateslots:calls=1,usec=3") == "ls");
  CHECK(differs("cmdstat_cluster|syncslots:calls=1,usec=3") == "ls");
  CHECK(differs("cmdstat_cluster|migration:calls=1,usec=3") == "ls");
  CHECK(differs("cmdstat_config|resetstat:calls=1,usec=3") == "cls");
  CHECK(differs("cmdstat_set:calls=1,usec=3") == "");
  CHECK(differs("cmdstat_cluster|slots:calls=1,usec=3") == "");
  CHECK(differs("master_repl_offset:17") == "");
}

TEST_CASE("counts are the same in any order, and differ with each call") {
  const std::string a = "cmdstat_migrate:calls=1,usec=3";
  const std::string b = "cmdstat_cluster|migration:calls=1,usec=3";
  CHECK(fields(with(a + "\r\n" + b)).left == fields(with(b + "\r\n" + a)).left);
  CHECK(fields(with(a)).left != fields(with("cmdstat_migrate:calls=2,usec=3")).left);
  CHECK(fields(with(a)).left != fields(with("cmdstat_migrate:calls=1,usec=4")).left);
}

TEST_CASE("the fields of a node are read the same in pieces of any size") {
  const std::string text = with("cmdstat_migrate:calls=1,usec=3") + std::string(5000, 'x');
  const SelfReport whole = fields(text);
  REQUIRE(whole.check());
  CHECK(whole.is_serving);
  for (std::size_t size = 1; size < 40; ++size) {
    const SelfReport report = fields(text, size);
    CHECK(report.identity == whole.identity);
    CHECK(report.left == whole.left);
    CHECK(report.is_serving);
  }
}

TEST_CASE("another process, or another history, is another identity") {
  CHECK(fields("run_id:a\r\nmaster_replid:b\r\n").identity !=
        fields("run_id:a\r\nmaster_replid:c\r\n").identity);
  CHECK(fields("run_id:a\r\nmaster_replid:b\r\n").identity !=
        fields("run_id:c\r\nmaster_replid:b\r\n").identity);
}

TEST_CASE("a node that leaves something out is not believed") {
  CHECK(fields(all_fields).check());
  for (const char* const line : {"run_id:aa\r\n", "master_replid:bb\r\n", "cluster_state:ok\r\n",
                                 "cmdstat_cluster|nodes:calls=1,usec=2\r\n"}) {
    INFO(line);
    std::string text(all_fields);
    text.erase(text.find(line), std::string_view(line).size());
    const Status status = fields(text).check();
    REQUIRE(!status);
    CHECK(status.error().code == ErrorCode::protocol_error);
  }
  CHECK(!fields("cluster_state:fail\r\n").is_serving);
}

}  // namespace
}  // namespace plimsoll::self_report_test
