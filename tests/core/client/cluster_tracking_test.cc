#include "plimsoll/tests/core/client/cluster_tracking.h"

#include <map>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/cluster_model.h"
#include "plimsoll/tests/core/client/model_reads.h"
#include "plimsoll/tests/core/client/peer.h"

// What the model's nodes tell the connections that read: what Valkey 8.0 tells in the same place.

namespace plimsoll::testing::cluster_tracking_test {
namespace {

constexpr unsigned slot = 3300;  // of "b", which node 0 owns; node 3 is its replica

std::string push_of(const std::string& key) {
  return ">2\r\n$10\r\ninvalidate\r\n*1\r\n" + bulk_reply(key);
}
const std::string null_push = ">2\r\n$10\r\ninvalidate\r\n_\r\n";

// One connection to each node that reads and one that writes.
class Nodes : public ClusterModel {
 public:
  Nodes() : ClusterModel(3, 1) {
    for (NodeIndex each = 0; each < nodes_count(); ++each) {
      sessions().open(each, readers_[each]);
      sessions().open(each, writers_[each]);
      say(each, {"CLIENT", "TRACKING", "ON"});
    }
  }
  std::string say(NodeIndex number, const Words& words) {
    return answer(number, readers_[number], words);
  }
  std::string write(NodeIndex number, const Words& words) {
    return answer(number, writers_[number], words);
  }
  /// What the reader at this node is told without a request.
  std::string news(NodeIndex number) { return readers_[number].take_late(); }

 private:
  std::map<NodeIndex, ModelSession> readers_;
  std::map<NodeIndex, ModelSession> writers_;
};

TEST_CASE("who has read a key is told of its next change, once") {
  Nodes nodes;
  nodes.write(0, {"SET", "b", "1"});
  CHECK(nodes.say(0, {"GET", "b"}) == bulk_reply("1"));
  CHECK(nodes.write(0, {"SET", "b", "2"}) == "+OK\r\n");
  CHECK(nodes.news(0) == push_of("b"));
  nodes.write(0, {"SET", "b", "3"});
  CHECK(nodes.news(0).empty());
  CHECK(nodes.tracking().truth("b") == std::vector<std::string>{"3"});
}

TEST_CASE("an own write is answered first, and told of before the next answer") {
  Nodes nodes;
  CHECK(nodes.say(0, {"GET", "b"}) == "_\r\n");
  CHECK(nodes.say(0, {"SET", "b", "1"}) == "+OK\r\n");
  CHECK(nodes.say(0, {"PING"}) == push_of("b") + "+PONG\r\n");
}

TEST_CASE("a transaction is answered first, and told of then") {
  Nodes nodes;
  nodes.say(0, {"GET", "b"});
  nodes.say(0, {"MULTI"});
  nodes.say(0, {"SET", "b", "1"});
  nodes.say(0, {"GET", "b"});
  CHECK(nodes.say(0, {"EXEC"}) == "*2\r\n+OK\r\n$1\r\n1\r\n");
  CHECK(nodes.news(0) == push_of("b"));
  nodes.write(0, {"DEL", "b"});
  CHECK(nodes.news(0) == push_of("b"));
}

TEST_CASE("opted in, only what comes right behind CLIENT CACHING YES is remembered") {
  Nodes nodes;
  CHECK(nodes.say(0, {"CLIENT", "CACHING", "YES"}).starts_with("-ERR CLIENT CACHING can be"));
  CHECK(nodes.say(0, {"CLIENT", "TRACKING", "ON", "OPTIN"}) == "+OK\r\n");
  nodes.say(0, {"GET", "b"});
  nodes.write(0, {"SET", "b", "1"});
  CHECK(nodes.news(0).empty());
  nodes.say(0, {"CLIENT", "CACHING", "YES"});
  nodes.say(0, {"PTTL", "b"});
  nodes.say(0, {"GET", "{b}1"});
  nodes.write(0, {"SET", "{b}1", "1"});
  CHECK(nodes.news(0).empty());
  nodes.write(0, {"SET", "b", "2"});
  CHECK(nodes.news(0) == push_of("b"));
}

TEST_CASE("behind ASKING, opted in, nothing is remembered; otherwise it is") {
  Nodes nodes;
  nodes.start_migration(slot, 1);
  nodes.say(1, {"ASKING"});
  CHECK(nodes.say(1, {"GET", "b"}) == "_\r\n");
  nodes.write(1, {"ASKING"});
  nodes.write(1, {"SET", "b", "1"});
  CHECK(nodes.news(1) == push_of("b"));
  nodes.say(1, {"CLIENT", "TRACKING", "ON", "OPTIN"});
  nodes.say(1, {"CLIENT", "CACHING", "YES"});
  nodes.say(1, {"ASKING"});
  CHECK(nodes.say(1, {"GET", "b"}) == bulk_reply("1"));
  nodes.write(1, {"ASKING"});
  nodes.write(1, {"SET", "b", "2"});
  CHECK(nodes.news(1).empty());
}

TEST_CASE("a key that moves away is told of at its source, a missing one never again") {
  Nodes nodes;
  nodes.write(0, {"SET", "b", "1"});
  nodes.say(0, {"GET", "b"});
  nodes.say(0, {"GET", "{b}none"});
  nodes.start_migration(slot, 1);
  nodes.move_key(slot, "b");
  CHECK(nodes.news(0) == push_of("b"));
  nodes.write(1, {"ASKING"});
  nodes.write(1, {"SET", "{b}none", "1"});  // made by ASK
  CHECK(nodes.news(0).empty());
  nodes.finish_at_target(slot);
  nodes.finish_at_source(slot);
  nodes.tell_all();
  nodes.write(1, {"SET", "{b}none", "2"});
  CHECK(nodes.news(0).empty());
  CHECK(nodes.say(0, {"GET", "b"}).starts_with("-MOVED"));
  CHECK(nodes.say(0, {"PING"}) == "+PONG\r\n");
  // It comes back with its slot: the import writes it.
  nodes.move_atomically(slot, 0);
  CHECK(nodes.news(0) == push_of("{b}none"));
}

TEST_CASE("a slot that is taken over with keys left tells of these") {
  Nodes nodes;
  nodes.write(0, {"SET", "b", "1"});
  nodes.say(0, {"GET", "b"});
  nodes.say(0, {"GET", "{b}none"});
  nodes.take_over(slot, 1);
  CHECK(nodes.news(0).empty());
  CHECK(nodes.tracking().truth("b") == std::nullopt);
  CHECK(nodes.tracking().changes("b").back().is_loss);
  nodes.tell_all();
  CHECK(nodes.news(0) == push_of("b"));
  CHECK(nodes.keys_at(0, slot).empty());
}

TEST_CASE("FLUSHALL tells everyone at its node of everything, behind its answer") {
  Nodes nodes;
  nodes.write(0, {"SET", "b", "1"});
  nodes.say(0, {"GET", "b"});
  CHECK(nodes.say(0, {"FLUSHALL"}) == "+OK\r\n");
  CHECK(nodes.news(0) == null_push);
  CHECK(nodes.news(1).empty());
  CHECK(nodes.tracking().truth("b") == std::nullopt);
}

TEST_CASE(
    "an owner that was replaced answers with its old data until it is told, then forgets all") {
  Nodes nodes;
  nodes.write(0, {"SET", "b", "1"});
  nodes.replicate(0);
  nodes.say(0, {"GET", "b"});
  nodes.promote_replica_of(0);
  nodes.write(3, {"SET", "b", "2"});
  CHECK(nodes.say(0, {"GET", "b"}) == bulk_reply("1"));
  CHECK(nodes.say(0, {"EXISTS", "b"}) == ":1\r\n");
  CHECK(nodes.write(0, {"SET", "b", "lost"}) == "+OK\r\n");
  CHECK(nodes.news(0) == push_of("b"));
  CHECK(nodes.tracking().truth("b") == std::vector<std::string>{"2"});
  CHECK_FALSE(nodes.tracking().changes("b").back().by_owner);
  nodes.say(0, {"GET", "b"});
  nodes.tell_all();
  CHECK(nodes.say(0, {"GET", "b"}).starts_with("-MOVED"));
  nodes.resynchronize(0);
  CHECK(nodes.news(0) == null_push);
  CHECK(nodes.node(0).data == nodes.node(3).data);
}

TEST_CASE("an owner in a minority says CLUSTERDOWN for keys, and PONG to PING") {
  Nodes nodes;
  nodes.write(0, {"SET", "b", "1"});
  nodes.say(0, {"GET", "b"});
  nodes.node(0).is_down = true;
  CHECK(nodes.say(0, {"GET", "b"}).starts_with("-CLUSTERDOWN"));
  CHECK(nodes.say(0, {"EXISTS", "b"}).starts_with("-CLUSTERDOWN"));
  CHECK(nodes.say(0, {"PING"}) == "+PONG\r\n");
}

TEST_CASE("an old owner that follows by the stream tells of what changes") {
  Nodes nodes;
  nodes.write(0, {"SET", "b", "1"});
  nodes.say(0, {"GET", "b"});
  nodes.say(0, {"GET", "{b}none"});
  nodes.replicate(0);
  nodes.promote_replica_of(0);
  nodes.tell_all();
  CHECK(nodes.news(0).empty());
  nodes.write(3, {"SET", "{b}none", "2"});
  nodes.replicate(3);
  CHECK(nodes.news(0) == push_of("{b}none"));
  nodes.write(3, {"DEL", "b"});
  nodes.replicate(3);
  CHECK(nodes.news(0) == push_of("b"));
}

TEST_CASE("a connection has its own user, and is tracked at its own node") {
  Nodes nodes;
  CHECK(nodes.say(0, {"ACL", "WHOAMI"}) == bulk_reply("default"));
  nodes.say(0, {"AUTH", "somebody", "secret"});
  CHECK(nodes.say(0, {"ACL", "WHOAMI"}) == bulk_reply("somebody"));
  CHECK(nodes.say(0, {"HELLO", "3", "AUTH", "else", "secret"}).starts_with("%7"));
  CHECK(nodes.say(0, {"ACL", "WHOAMI"}) == bulk_reply("else"));
  CHECK(nodes.say(0, {"CLIENT", "TRACKING", "OFF"}) == "+OK\r\n");
  CHECK(nodes.say(0, {"CLIENT", "TRACKING", "ON", "BCAST"}) == "-ERR syntax error\r\n");
  nodes.say(0, {"GET", "b"});
  nodes.write(0, {"SET", "b", "1"});
  CHECK(nodes.news(0).empty());
}

TEST_CASE("a missing key answers null, zero, nothing or none") {
  const std::map<std::string, std::vector<std::string>> none;
  const std::map<std::string, std::vector<std::string>> one{{"k", {"f", "v1"}}};
  const auto both = [&](const Words& words) {
    return std::pair(answer_of_read(none, words).value(), answer_of_read(one, words).value());
  };
  using Pair = std::pair<std::string, std::string>;
  CHECK(both({"GET", "k"}) == Pair("_\r\n", bulk_reply("v1")));
  CHECK(both({"MGET", "k", "x"}) ==
        Pair("*2\r\n_\r\n_\r\n", "*2\r\n" + bulk_reply("v1") + "_\r\n"));
  CHECK(both({"EXISTS", "k", "k"}) == Pair(":0\r\n", ":2\r\n"));
  CHECK(both({"STRLEN", "k"}) == Pair(":0\r\n", ":2\r\n"));
  CHECK(both({"LLEN", "k"}) == Pair(":0\r\n", ":2\r\n"));
  CHECK(both({"TYPE", "k"}) == Pair("+none\r\n", "+string\r\n"));
  CHECK(both({"PTTL", "k"}) == Pair(":-2\r\n", ":-1\r\n"));
  CHECK(both({"GETRANGE", "k", "0", "-1"}) == Pair("$0\r\n\r\n", bulk_reply("v1")));
  CHECK(both({"LRANGE", "k", "0", "-1"}) ==
        Pair("*0\r\n", "*2\r\n" + bulk_reply("f") + bulk_reply("v1")));
  CHECK(both({"HGETALL", "k"}) == Pair("%0\r\n", "%1\r\n" + bulk_reply("f") + bulk_reply("v1")));
  CHECK_FALSE(answer_of_read(one, {"SET", "k", "v"}).has_value());
}

}  // namespace
}  // namespace plimsoll::testing::cluster_tracking_test
