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
  Nodes() : ClusterModel(3, true) {}
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
