#include "plimsoll/tests/core/client/cluster_model.h"

#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/peer.h"

// The model itself: what it says is what Valkey 8.0 says in the same place.

namespace plimsoll::testing::cluster_model_test {
namespace {

// Three nodes; {b} is slot 3300, which node 0 owns.
constexpr unsigned slot = 3300;
constexpr const char* moved_to_1 = "-MOVED 3300 10.0.0.1:7001\r\n";
constexpr const char* moved_to_0 = "-MOVED 3300 10.0.0.1:7000\r\n";
constexpr const char* ask_1 = "-ASK 3300 10.0.0.1:7001\r\n";
constexpr const char* try_again = "-TRYAGAIN Multiple keys request during rehashing of slot\r\n";

class Nodes : public ClusterModel {
 public:
  explicit Nodes(std::size_t replicas = 1) : ClusterModel(3, replicas) {}
  // On one connection for each node.
  std::string say(NodeIndex number, const Words& words) {
    return answer(number, sessions_[number], words);
  }

 private:
  std::map<NodeIndex, ModelSession> sessions_;
};

TEST_CASE("the model's slots are those of CRC-16/XMODEM and of hash tags") {
  CHECK(model_slot_of("123456789") == 0x31c3);  // the polynomial's own check value
  CHECK(model_slot_of("{b}a") == slot);
  CHECK(model_slot_of("x{b}{a}") == slot);
  CHECK(model_slot_of("b") == slot);
  CHECK(model_slot_of("{}b") != model_slot_of("{}"));
  CHECK(model_slot_of("foo{{bar}}zap") == model_slot_of("{bar"));
  CHECK(model_slot_of("") == 0);
}

TEST_CASE("at rest the owner runs a command and all others name the owner") {
  Nodes nodes;
  CHECK(nodes.say(0, {"RPUSH", "b", "a"}) == ":1\r\n");
  CHECK(nodes.say(0, {"LRANGE", "b", "0", "-1"}) == "*1\r\n$1\r\na\r\n");
  CHECK(nodes.say(0, {"GET", "{b}none"}) == "_\r\n");
  CHECK(nodes.say(1, {"GET", "b"}) == moved_to_0);
  CHECK(nodes.say(3, {"GET", "b"}) == moved_to_0);
  CHECK(nodes.say(0, {"MGET", "b", "a"}).starts_with("-CROSSSLOT"));
  CHECK(nodes.runs().size() == 3);
  CHECK(nodes.say(1, {"PING"}) == "+PONG\r\n");
  CHECK(nodes.say(1, {"CLUSTER", "MYID"}) == bulk_reply(nodes.node(1).id));
}

TEST_CASE("a replica reads for a connection that said READONLY") {
  Nodes nodes;
  nodes.say(0, {"SET", "b", "a"});
  nodes.replicate(0);
  nodes.say(3, {"READONLY"});
  CHECK(nodes.say(3, {"GET", "b"}) == bulk_reply("a"));
  CHECK(nodes.say(3, {"SET", "b", "b"}) == moved_to_0);
}

// The value of a field of INFO replication.
std::string field(const std::string& report, const std::string& name) {
  const std::size_t at = report.find("\r\n" + name + ":");
  if (at == report.npos) return "";
  const std::size_t begin = at + name.size() + 3;
  return report.substr(begin, report.find("\r\n", begin) - begin);
}

TEST_CASE("READWRITE ends READONLY, and a primary runs writes behind either") {
  Nodes nodes;
  nodes.say(0, {"SET", "b", "a"});
  nodes.replicate(0);
  nodes.say(3, {"READONLY"});
  CHECK(nodes.say(3, {"GET", "b"}) == bulk_reply("a"));
  CHECK(nodes.say(3, {"READWRITE"}) == "+OK\r\n");
  CHECK(nodes.say(3, {"GET", "b"}) == moved_to_0);
  CHECK(nodes.say(0, {"READONLY"}) == "+OK\r\n");
  CHECK(nodes.say(0, {"SET", "b", "b"}) == "+OK\r\n");
  REQUIRE(nodes.replica_reads().size() == 1);
  CHECK(nodes.replica_reads()[0].node == 3);
}

TEST_CASE("INFO says who has how much of which history") {
  Nodes nodes(2);
  nodes.node(0).zone = "east";
  CHECK(nodes.say(0, {"INFO", "server"}).find("availability_zone:east\r\n") != std::string::npos);
  const std::string before = nodes.say(0, {"INFO", "replication"});
  CHECK(field(before, "role") == "master");
  CHECK(field(before, "connected_slaves") == "2");
  CHECK(field(before, "slave0").starts_with("ip=10.0.0.1,port=7003,state=online,"));
  CHECK(field(before, "slave1").starts_with("ip=10.0.0.1,port=7006,state=online,"));
  CHECK(field(before, "master_replid").size() == 40);
  CHECK(field(before, "master_replid") !=
        field(nodes.say(1, {"INFO", "replication"}), "master_replid"));
  nodes.say(0, {"RPUSH", "b", "a"});
  nodes.say(0, {"RPUSH", "b", "b"});
  nodes.replicate(0, 1);
  CHECK(field(nodes.say(0, {"INFO", "replication"}), "master_repl_offset") == "2");
  const std::string replica = nodes.say(3, {"INFO", "replication"});
  CHECK(field(replica, "role") == "slave");
  CHECK(field(replica, "master_link_status") == "up");
  CHECK(field(replica, "slave_repl_offset") == "1");
  CHECK(field(replica, "master_replid") == field(before, "master_replid"));
  nodes.node(3).is_link_up = false;
  CHECK(field(nodes.say(3, {"INFO", "replication"}), "master_link_status") == "down");
  CHECK(field(nodes.say(0, {"INFO", "replication"}), "connected_slaves") == "1");
}

TEST_CASE("a replica has any part of what its primary has run, and in the end all of it") {
  Nodes nodes(2);
  nodes.say(3, {"READONLY"});
  nodes.say(0, {"RPUSH", "b", "1"});
  nodes.say(0, {"RPUSH", "b", "2"});
  nodes.say(0, {"SET", "{b}a", "x"});
  nodes.say(0, {"DEL", "{b}a"});
  CHECK(nodes.say(3, {"LRANGE", "b", "0", "-1"}) == "*0\r\n");
  CHECK(nodes.replication().catch_up(3, 1) == 1);
  CHECK(nodes.say(3, {"LRANGE", "b", "0", "-1"}) == "*1\r\n$1\r\n1\r\n");
  CHECK(nodes.replication().catch_up(3, 2) == 2);
  CHECK(nodes.say(3, {"GET", "{b}a"}) == bulk_reply("x"));
  CHECK(nodes.replication().behind(3) == 1);
  nodes.replicate(0, 100);
  for (const NodeIndex each : nodes.replicas_of(0)) {
    CHECK(nodes.node(each).data == nodes.node(0).data);
    CHECK(nodes.node(each).offset == nodes.node(0).offset);
  }
}

TEST_CASE("a replica learns in order which keys have left, and where they are") {
  Nodes nodes;
  nodes.say(3, {"READONLY"});
  nodes.say(0, {"SET", "{b}a", "1"});
  nodes.say(0, {"SET", "{b}b", "2"});
  nodes.replicate(0);
  nodes.start_migration(slot, 1);
  nodes.move_key(slot, "{b}b");
  CHECK(nodes.say(3, {"GET", "{b}b"}) == bulk_reply("2"));  // it has not come as far
  nodes.replicate(0, 100);
  CHECK(nodes.say(3, {"GET", "{b}a"}) == bulk_reply("1"));
  CHECK(nodes.say(3, {"GET", "{b}b"}) == ask_1);
  CHECK(nodes.say(3, {"MGET", "{b}a", "{b}b"}) == try_again);
  nodes.finish_at_target(slot);
  nodes.finish_at_source(slot);
  nodes.replicate(0, 1);
  CHECK(nodes.say(3, {"GET", "{b}a"}) == ask_1);
  nodes.replicate(0, 1);
  CHECK(nodes.say(3, {"GET", "{b}a"}) == moved_to_1);
  nodes.say(4, {"READONLY"});
  nodes.replicate(1, 100);
  CHECK(nodes.say(4, {"GET", "{b}a"}) == bulk_reply("1"));
}

TEST_CASE("before Valkey 8.0 a replica takes a key that has left for none") {
  Nodes nodes;
  nodes.replication().replicas_know_migrations = false;
  nodes.say(3, {"READONLY"});
  nodes.say(0, {"SET", "b", "1"});
  nodes.start_migration(slot, 1);
  nodes.move_key(slot);
  nodes.replicate(0, 100);
  CHECK(nodes.say(3, {"GET", "b"}) == "_\r\n");
}

TEST_CASE("a promoted replica begins a history; the others follow it once they are told") {
  Nodes nodes(2);
  nodes.say(0, {"SET", "b", "1"});
  nodes.replicate(0, 100);
  const std::string history = nodes.node(0).replid;
  nodes.promote(6);
  CHECK(nodes.node(6).replid != history);
  CHECK(field(nodes.say(6, {"INFO", "replication"}), "role") == "master");
  CHECK(field(nodes.say(6, {"INFO", "replication"}), "connected_slaves") == "0");
  // The old primary does not know, nor does its other replica.
  CHECK(field(nodes.say(0, {"INFO", "replication"}), "role") == "master");
  nodes.say(0, {"SET", "b", "lost"});
  nodes.replicate(0, 100);
  nodes.say(3, {"READONLY"});
  CHECK(nodes.say(3, {"GET", "b"}) == bulk_reply("lost"));
  nodes.tell_all();
  for (const NodeIndex each : {NodeIndex{0}, NodeIndex{3}}) {
    CAPTURE(each);
    CHECK(nodes.node(each).replica_of == 6);
    const std::string report = nodes.say(each, {"INFO", "replication"});
    CHECK(field(report, "role") == "slave");
    CHECK(field(report, "master_link_status") == "down");
    CHECK(nodes.replication().catch_up(each) == 0);
    nodes.resynchronize(each);
    CHECK(nodes.replication().is_linked(each));
    CHECK(nodes.node(each).data == nodes.node(6).data);
    CHECK(nodes.node(each).offset == nodes.node(6).offset);
  }
  CHECK(field(nodes.say(6, {"INFO", "replication"}), "connected_slaves") == "2");
}

TEST_CASE("while a slot moves, present keys are served, missing ones asked for, parts refused") {
  Nodes nodes;
  nodes.say(0, {"SET", "{b}a", "1"});
  nodes.say(0, {"SET", "{b}b", "2"});
  nodes.start_migration(slot, 1);
  CHECK(nodes.move_key(slot, "{b}b"));
  CHECK_FALSE(nodes.move_key(slot, "{b}b"));
  CHECK(nodes.say(0, {"GET", "{b}a"}) == bulk_reply("1"));
  CHECK(nodes.say(0, {"GET", "{b}b"}) == ask_1);
  CHECK(nodes.say(0, {"MGET", "{b}a", "{b}b"}) == try_again);
  CHECK(nodes.say(1, {"GET", "{b}b"}) == moved_to_0);
  nodes.say(1, {"ASKING"});
  CHECK(nodes.say(1, {"GET", "{b}b"}) == bulk_reply("2"));
  CHECK(nodes.say(1, {"GET", "{b}b"}) == moved_to_0);  // ASKING was for one command
  nodes.say(1, {"ASKING"});
  CHECK(nodes.say(1, {"MGET", "{b}a", "{b}b"}) == try_again);
  nodes.say(1, {"ASKING"});
  CHECK(nodes.say(1, {"RPUSH", "{b}new", "x"}) == ":1\r\n");
  nodes.say(1, {"ASKING"});
  nodes.say(1, {"PING"});
  CHECK(nodes.say(1, {"GET", "{b}b"}) == moved_to_0);  // PING has used it up
}

TEST_CASE("ASKING holds through a transaction") {
  Nodes nodes;
  nodes.start_migration(slot, 1);
  nodes.say(1, {"ASKING"});
  CHECK(nodes.say(1, {"MULTI"}) == "+OK\r\n");
  CHECK(nodes.say(1, {"SET", "b", "a"}) == "+QUEUED\r\n");
  CHECK(nodes.say(1, {"GET", "b"}) == "+QUEUED\r\n");
  CHECK(nodes.say(1, {"EXEC"}) == "*2\r\n+OK\r\n$1\r\na\r\n");
  CHECK(nodes.say(1, {"GET", "b"}) == moved_to_0);
}

TEST_CASE("a refused command aborts its transaction, and EXEC itself may redirect") {
  Nodes nodes;
  nodes.say(0, {"SET", "{b}a", "1"});
  nodes.say(1, {"MULTI"});
  CHECK(nodes.say(1, {"GET", "b"}) == moved_to_0);
  CHECK(nodes.say(1, {"EXEC"}).starts_with("-EXECABORT"));

  nodes.say(0, {"MULTI"});
  CHECK(nodes.say(0, {"GET", "{b}a"}) == "+QUEUED\r\n");
  nodes.start_migration(slot, 1);
  nodes.move_key(slot);
  CHECK(nodes.say(0, {"EXEC"}) == ask_1);
  CHECK(nodes.say(0, {"EXEC"}) == "-ERR EXEC without MULTI\r\n");
  nodes.cancel_migration(slot);

  nodes.say(0, {"MULTI"});
  nodes.say(0, {"GET", "{b}a"});
  nodes.move_atomically(slot, 1);
  CHECK(nodes.say(0, {"EXEC"}) == moved_to_1);

  nodes.say(1, {"MULTI"});
  nodes.say(1, {"GET", "{b}a"});
  nodes.say(1, {"SET", "{b}b", "2"});
  nodes.start_migration(slot, 2);
  CHECK(nodes.say(1, {"EXEC"}) == try_again);
  CHECK(nodes.runs().size() == 1);
}

TEST_CASE("told first, the source and the target name each other until the target knows") {
  Nodes nodes;
  nodes.say(0, {"SET", "b", "1"});
  nodes.start_migration(slot, 1);
  nodes.finish_at_source(slot);
  CHECK(nodes.say(0, {"GET", "b"}) == moved_to_1);
  CHECK(nodes.say(1, {"GET", "b"}) == moved_to_0);
  nodes.tell_all();
  CHECK(nodes.say(0, {"GET", "b"}) == moved_to_1);
  CHECK(nodes.say(2, {"GET", "b"}) == moved_to_0);
  nodes.finish_at_target(slot);
  CHECK(nodes.say(1, {"GET", "b"}) == bulk_reply("1"));
  CHECK(nodes.say(2, {"GET", "b"}) == moved_to_0);  // nobody has told it
  nodes.tell_all();
  CHECK(nodes.say(2, {"GET", "b"}) == moved_to_1);
}

TEST_CASE("told first, the target serves while the source still asks for it") {
  Nodes nodes;
  nodes.start_migration(slot, 1);
  nodes.finish_at_target(slot);
  CHECK(nodes.say(1, {"GET", "b"}) == "_\r\n");
  CHECK(nodes.say(0, {"GET", "b"}) == ask_1);
  nodes.finish_at_source(slot);
  CHECK(nodes.say(0, {"GET", "b"}) == moved_to_1);
}

TEST_CASE("a migration that was called off leaves all as it was") {
  Nodes nodes;
  nodes.say(0, {"SET", "b", "1"});
  nodes.start_migration(slot, 1);
  nodes.move_key(slot);
  CHECK(nodes.say(0, {"GET", "b"}) == ask_1);
  nodes.cancel_migration(slot);
  CHECK(nodes.say(0, {"GET", "b"}) == bulk_reply("1"));
  nodes.say(1, {"ASKING"});
  CHECK(nodes.say(1, {"GET", "b"}) == moved_to_0);
}

TEST_CASE("a promoted replica has what was replicated; the old owner is a replica once told") {
  Nodes nodes;
  nodes.say(0, {"SET", "b", "1"});
  nodes.replicate(0);
  nodes.say(0, {"SET", "b", "2"});
  CHECK(nodes.promote_replica_of(0) == 3);
  CHECK(nodes.say(3, {"GET", "b"}) == bulk_reply("1"));
  CHECK(nodes.say(0, {"SET", "b", "3"}) == "+OK\r\n");  // as a frozen owner that wakes
  CHECK(nodes.say(1, {"GET", "b"}) == moved_to_0);
  nodes.tell_all();
  CHECK(nodes.say(0, {"GET", "b"}) == "-MOVED 3300 10.0.0.1:7003\r\n");
  CHECK(nodes.say(1, {"GET", "b"}) == "-MOVED 3300 10.0.0.1:7003\r\n");
}

TEST_CASE("a slot without an owner, and a cluster that is down, say CLUSTERDOWN") {
  Nodes nodes;
  nodes.unassign(slot);
  nodes.tell_all();
  CHECK(nodes.say(0, {"GET", "b"}) == "-CLUSTERDOWN Hash slot not served\r\n");
  nodes.node(1).is_down = true;
  CHECK(nodes.say(1, {"GET", "none"}) == "-CLUSTERDOWN The cluster is down\r\n");
  CHECK(nodes.say(1, {"PING"}) == "+PONG\r\n");
}

TEST_CASE("a view lists ranges with the owner first and its replicas behind") {
  Nodes nodes;
  const std::string whole = nodes.say(0, {"CLUSTER", "SLOTS"});
  CHECK(whole.starts_with("*3\r\n*4\r\n:0\r\n:5461\r\n*4\r\n$8\r\n10.0.0.1\r\n:7000\r\n$40\r\n"));
  CHECK(whole.find(":5462\r\n:10922\r\n") != whole.npos);
  CHECK(whole.find(":10923\r\n:16383\r\n") != whole.npos);
  nodes.take_over(slot, 2);
  CHECK(nodes.say(2, {"CLUSTER", "SLOTS"}).starts_with("*5\r\n"));
  CHECK(nodes.say(0, {"CLUSTER", "SLOTS"}).starts_with("*3\r\n"));
  nodes.node(0).host_form = ModelNode::HostForm::null;
  CHECK(
      nodes.say(0, {"CLUSTER", "SLOTS"}).starts_with("*3\r\n*4\r\n:0\r\n:5461\r\n*4\r\n_\r\n:70"));
  nodes.tell(0);
  CHECK(nodes.say(0, {"GET", "b"}) == "-MOVED 3300 :7002\r\n");
  nodes.node(0).host_form = ModelNode::HostForm::question_mark;
  CHECK(nodes.say(0, {"GET", "b"}) == "-MOVED 3300 ?:7002\r\n");
}

TEST_CASE("a script's keys are routed like any, and its own errors are its own") {
  Nodes nodes;
  CHECK(nodes.say(0, {"EVAL", "append", "1", "b", "a", "b"}) == ":2\r\n");
  CHECK(nodes.say(1, {"EVAL", "append", "1", "b", "a"}) == moved_to_0);
  CHECK(nodes.say(1, {"EVAL", "append", "0", "a"}) == "+OK\r\n");
  CHECK(nodes.say(0, {"EVAL", "error:MOVED 5 h:1", "1", "b"}) == "-MOVED 5 h:1\r\n");
}

}  // namespace
}  // namespace plimsoll::testing::cluster_model_test
