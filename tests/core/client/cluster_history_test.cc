#include "plimsoll/tests/core/client/cluster_history.h"

#include <chrono>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/cluster_model.h"

// What ClusterHistory says of reads that a replica has answered.

namespace plimsoll::testing::cluster_history_test {
namespace {

using namespace std::chrono_literals;

constexpr Duration lag_max = 100ms;

// A client that does as it is told, without a network: node 0 owns the key "b", and node 3 is its
// replica.
class Told {
 public:
  Told() { model_.answer(3, at_replica_, {"READONLY"}); }

  void pass(Duration time) {
    now_ += time;
    model_.sessions().set_time(now_);
  }
  void submit_write(Tag tag) { history_.note_submitted(tag, {words_of(tag)}, now_); }
  void run_write(Tag tag) {
    ModelSession session;
    model_.answer(0, session, words_of(tag));
    history_.note_outcome(tag, "1", nullptr);
  }
  void write(Tag tag) {
    submit_write(tag);
    run_write(tag);
  }
  void submit_read(Tag tag) {
    history_.note_submitted(tag, {ClusterHistory::words_of_read(tag, "b")}, now_);
  }
  // `shown` has to be what the replica has.
  void run_read(Tag tag, const std::string& shown) {
    model_.answer(3, at_replica_, ClusterHistory::words_of_read(tag, "b"));
    history_.note_outcome(tag, shown, nullptr);
  }
  void read(Tag tag, const std::string& shown) {
    submit_read(tag);
    run_read(tag, shown);
  }

  ClusterModel& model() { return model_; }
  ClusterHistory& history() { return history_; }
  std::string fault() const { return history_.fault(model_, lag_max); }

 private:
  static Words words_of(Tag tag) { return {"RPUSH", "b", std::to_string(tag)}; }

  ClusterModel model_{3, 1};
  ModelSession at_replica_;
  ClusterHistory history_;
  Instant now_{};
};

TEST_CASE("a replica's answer may have what was written after the read was submitted") {
  Told told;
  told.write(1);
  told.submit_read(2);
  told.write(3);
  told.model().replicate(0, 2);
  told.run_read(2, R"(["1", "3"])");
  CHECK(told.fault() == "");
  CHECK(told.model().replica_reads().size() == 1);
  CHECK(told.history().dated_reads_count(told.model(), lag_max) == 1);
}

// That the write is lost excuses the client from seeing its own write, but not from lag_max.
TEST_CASE("a replica's answer may be as old as lag_max") {
  Told told;
  told.write(1);
  told.pass(lag_max);
  told.history().note_lost("b");
  told.read(2, "[]");
  CHECK(told.fault() == "");
}

TEST_CASE("a replica's answer must have what this client has written before") {
  Told told;
  told.write(1);
  told.model().replicate(0, 1);
  told.write(2);
  told.read(3, R"(["1"])");
  CHECK(told.fault() == "read 3 of key b saw [\"1\"]: the write 2 came before it");
}

TEST_CASE("a replica's answer must have what was submitted before and answered later") {
  Told told;
  told.submit_write(1);
  told.submit_read(2);
  told.run_write(1);
  told.run_read(2, "[]");
  CHECK(told.fault() == "read 2 of key b saw []: the write 1 came before it");
}

TEST_CASE("a replica's answer must not be older than lag_max") {
  Told told;
  told.write(1);
  told.pass(lag_max + 1ms);
  told.history().note_lost("b");
  told.read(2, "[]");
  CHECK(told.fault() == "read 2 of key b saw []: the owner held that too long ago, or never");
}

TEST_CASE("a replica's answer is of any age while the owner is in dispute") {
  Told told;
  told.write(1);
  told.pass(lag_max + 1ms);
  told.history().note_lost("b");
  told.history().note_disputed("b", Instant{} + 1ms);
  told.read(2, "[]");
  CHECK(told.fault() == "");
  CHECK(told.history().dated_reads_count(told.model(), lag_max) == 0);
}

}  // namespace
}  // namespace plimsoll::testing::cluster_history_test
