#include "plimsoll/demo/cluster/run.h"

#include <pthread.h>
#include <signal.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "plimsoll/demo/bad_input.h"
#include "plimsoll/demo/cluster/blocks.h"
#include "plimsoll/demo/cluster/board.h"
#include "plimsoll/demo/cluster/load.h"
#include "plimsoll/demo/cluster/nodes.h"
#include "plimsoll/demo/cluster/order_reader.h"
#include "plimsoll/demo/cluster/orders.h"
#include "plimsoll/demo/cluster/tally.h"
#include "plimsoll/demo/figures.h"
#include "plimsoll/demo/inventory.h"
#include "plimsoll/demo/model.h"
#include "plimsoll/demo/process_memory.h"

namespace plimsoll::demo {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Clock = Tally::Clock;

constexpr int ending_signals[] = {SIGINT, SIGTERM, SIGHUP};
constexpr int exit_interrupted = 130;  // as shells have it: 128 and the number of SIGINT

constexpr auto calm_length = 1500ms;
// So that what an event has held up is counted with it.
constexpr auto after_event = 500ms;
constexpr auto patience_at_end = 30'000ms;

std::uint16_t first_of(const Slots& slots) {
  std::size_t slot = 0;
  while (!slots.test(slot)) ++slot;
  return static_cast<std::uint16_t>(slot);
}

std::string counted_text(const Counts& counts) {
  std::string text = with_commas(counts.acknowledged) + " acknowledged";
  if (counts.in_doubt > 0) text += ", " + with_commas(counts.in_doubt) + " in doubt";
  if (counts.not_run > 0) text += ", " + with_commas(counts.not_run) + " failed, not run";
  if (counts.reads_failed > 0) {
    text += ", " + with_commas(counts.reads_failed) + " reads failed and were asked again";
  }
  for (const auto& [error, count] : counts.errors) {
    text += ", " + with_commas(count) + " times " + error;
  }
  return text + ", longest wait " + as_time(counts.longest);
}

class Director {
 public:
  Director(const ClusterDemoOptions& options, Report& report, const Model& model)
      : options_(options), report_(report), model_(model) {
    for (const int each : ending_signals) signals_.add(each);
    wait_for_signal();
  }
  Director(const Director&) = delete;  // the signal handler points here
  Director& operator=(const Director&) = delete;
  ~Director() {
    if (signals_before_) ::pthread_sigmask(SIG_SETMASK, &*signals_before_, nullptr);
  }

  int execute();

 private:
  void start();
  void fill();
  void begin();
  void walk_through();
  void calm();
  void move_block(std::size_t shard, std::size_t to);
  void move_to_and_fro();
  std::size_t move_slot(std::size_t shard, std::size_t in_block, std::size_t to);
  std::size_t primary_besides(std::size_t owner) const;
  void promote(std::size_t replica);
  enum class Meanwhile : std::uint8_t { nothing, slots_move };
  void kill(std::size_t node, Meanwhile meanwhile);
  std::size_t wait_for_heir(std::uint16_t slot, std::size_t heir, Meanwhile meanwhile);
  void start_again(std::size_t node);

  void follow_orders();
  void follow(const std::string& order);
  void follow(std::string_view verb, std::size_t node);

  void report_client();
  int conclude(const std::string& stopped);

  EventCounts during(const Slots& touched, const std::function<void()>& act);
  void say(std::string_view label, const std::string& text);
  void say(const EventCounts& counts, const Slots& touched);
  void on_board(const std::function<void(Board&)>& act);
  void doing(const std::string& what);
  void show_nodes();
  void wait_for_signal();
  bool has_page() const { return options_.state_descriptor >= 0; }

  const ClusterDemoOptions& options_;
  Report& report_;
  const Model& model_;
  Orders orders_;
  std::optional<Nodes> nodes_;

  asio::io_context io_;
  asio::signal_set signals_{io_};
  std::optional<sigset_t> signals_before_;
  std::optional<OrderReader> order_reader_;
  std::optional<Load> load_;
  std::optional<Board> board_;
  bool is_walked_ = false;
  std::size_t next_block_ = 0;
};

int Director::execute() {
  std::string stopped;
  try {
    start();
    fill();
    begin();
    walk_through();
    is_walked_ = true;
    if (has_page()) follow_orders();
  } catch (const Interrupted&) {
    stopped = is_walked_ ? "" : "interrupted";
  } catch (const std::exception& error) {
    if (!load_) io_.poll();  // a signal may have been the reason
    stopped = orders_.is_interrupted() ? "interrupted" : error.what();
  }
  return conclude(stopped);
}

void Director::start() {
  report_.progress("nodes", "starting six");
  nodes_.emplace();
  for (std::size_t shard = 0; shard < shards_count; ++shard) {
    const testing::ClusterGroup& group = nodes_->group();
    const std::size_t replica = shard + shards_count;
    report_.line(shard == 0 ? "nodes" : "",
                 Nodes::name_of(shard) + " at " + group.address(shard) + " with " +
                     counted(nodes_->slots_of(shard).count(), "slot", "slots") + ", its replica " +
                     Nodes::name_of(replica) + " at " + group.address(replica));
  }
  if (has_page()) report_.line("page", options_.page + " for this machine alone");
  load_.emplace(
      io_, model_,
      LoadOptions{.url = nodes_->group().url(),
                  .memory_limit = options_.memory_limit,
                  .reads_per_second_max = options_.reads_per_second_max,
                  .caller_slots = caller_slots(options_.callers_count, options_.slots_count)});
  orders_.check();
}

void Director::fill() {
  report_.progress("load", "running");
  const Timing timing = load_->fill();
  orders_.check();
  report_.line("load", counted(model_.packages().size(), "package", "packages") + ": " +
                           with_commas(timing.latencies.count()) + " writes in " +
                           as_time(timing.total));
  report_.line("", "from here on the walk reads them, and " +
                       counted(options_.callers_count, "caller writes", "callers write") +
                       ": RPUSH, INCR and a read, four of each at a time");
}

void Director::begin() {
  if (has_page()) {
    board_.emplace(io_, *load_, options_.state_descriptor);
    board_->set_callers(caller_slots(options_.callers_count, options_.slots_count));
    order_reader_.emplace(io_, orders_, [this](const std::string& order) {
      board_->say("refused", order + ": too many orders wait");
    });
    order_reader_->start();
    board_->start();
  }
  load_->begin();
  // From here on the load's thread alone takes signals, since they would end what this one waits
  // for.
  sigset_t handled;
  sigemptyset(&handled);
  for (const int each : ending_signals) sigaddset(&handled, each);
  ::pthread_sigmask(SIG_BLOCK, &handled, &signals_before_.emplace());
  show_nodes();
}

void Director::walk_through() {
  calm();
  move_to_and_fro();
  move_block(1, primary_besides(nodes_->group().owner_of(block_begin(1))));
  const std::size_t first = nodes_->group().owner_of(block_begin(0));
  if (const auto heir = nodes_->heir_of(first)) promote(*heir);
  const std::size_t victim = nodes_->group().owner_of(block_begin(2));
  kill(victim, Meanwhile::slots_move);
  start_again(victim);
  doing("");
}

void Director::calm() {
  doing("nothing yet");
  const EventCounts counts = during({}, [this] { orders_.pause(calm_length); });
  say("calm", "nothing is done: " + counted_text(counts.others));
}

void Director::move_to_and_fro() {
  const std::size_t from = nodes_->group().owner_of(block_begin(0));
  move_block(0, primary_besides(from));
  move_block(0, from);
}

void Director::move_block(std::size_t shard, std::size_t to) {
  const std::size_t from = nodes_->group().owner_of(block_begin(shard));
  const std::string what = counted(options_.slots_count, "slot", "slots") + " from " +
                           Nodes::name_of(from) + " to " + Nodes::name_of(to);
  doing(what);
  const Slots touched = block_slots(shard, options_.slots_count);
  std::size_t keys = 0;
  const auto began = Clock::now();
  Clock::duration took{};
  const EventCounts counts = during(touched, [&] {
    for (std::size_t i = 0; i < options_.slots_count; ++i) {
      orders_.check();
      keys += move_slot(shard, i, to);
    }
    took = Clock::now() - began;
  });
  on_board([](Board& board) { board.set_moving({}); });
  say("move", what + ", key by key: " + counted(keys, "key", "keys") + " in " + as_time(took));
  say(counts, touched);
}

// Returns how many keys were in it.
std::size_t Director::move_slot(std::size_t shard, std::size_t in_block, std::size_t to) {
  const std::uint16_t first = block_begin(shard);
  const auto last = static_cast<std::uint16_t>(first + options_.slots_count - 1);
  const auto slot = static_cast<std::uint16_t>(first + in_block);
  on_board([=](Board& board) { board.set_moving(MovingSlots{first, last, slot}); });
  return nodes_->move(slot, to);
}

std::size_t Director::primary_besides(std::size_t owner) const {
  const std::optional<std::size_t> other = nodes_->another_primary(owner);
  if (!other) throw std::runtime_error("no other node owns slots");
  return *other;
}

void Director::promote(std::size_t replica) {
  const std::size_t primary = nodes_->primary_of(replica);
  const std::string what = Nodes::name_of(replica) + " takes over from " + Nodes::name_of(primary);
  doing(what);
  const Slots touched = nodes_->slots_of(primary);
  Clock::duration took{};
  const EventCounts counts = during(touched, [&] {
    const auto began = Clock::now();
    nodes_->group().fail_over(replica);
    took = Clock::now() - began;
  });
  say("failover", what + " (CLUSTER FAILOVER), " + as_time(took));
  say(counts, touched);
  nodes_->settle();
}

void Director::kill(std::size_t node, Meanwhile meanwhile) {
  const bool is_replica = nodes_->is_replica(node);
  const std::string name = Nodes::name_of(node);
  const Slots touched = nodes_->slots_of(node);
  const std::optional<std::size_t> heir = nodes_->heir_of(node);
  if (!is_replica && !heir) throw std::runtime_error(name + " has no replica that could follow it");
  doing("kill -9 of " + name);
  std::string after;
  const EventCounts counts = during(touched, [&] {
    const auto began = Clock::now();
    nodes_->group().kill(node);
    load_->in([&] { load_->primary_died(touched); });
    show_nodes();
    if (touched.none()) return;
    const std::size_t moves = wait_for_heir(first_of(touched), *heir, meanwhile);
    after =
        ": " + Nodes::name_of(*heir) + " serves its slots after " + as_time(Clock::now() - began);
    if (moves > 0) after += ", while others move " + counted(moves, "time", "times");
  });
  on_board([](Board& board) { board.set_moving({}); });
  say("kill", "kill -9 of " + name + after);
  say(counts, touched);
}

// Returns how many times a slot was moved meanwhile: each to another primary and back.
std::size_t Director::wait_for_heir(std::uint16_t slot, std::size_t heir, Meanwhile meanwhile) {
  constexpr std::size_t shard = 0;
  std::size_t moves = 0;
  if (meanwhile == Meanwhile::slots_move) {
    const std::size_t owner = nodes_->group().owner_of(block_begin(shard));
    const std::size_t other = primary_besides(owner);
    for (std::size_t i = 0; nodes_->group().owner_of(slot) != heir; ++i) {
      orders_.check();
      move_slot(shard, i % options_.slots_count, other);
      move_slot(shard, i % options_.slots_count, owner);
      moves += 2;
    }
  }
  nodes_->group().wait_until_owner(slot, heir);
  return moves;
}

void Director::start_again(std::size_t node) {
  const std::string name = Nodes::name_of(node);
  doing(name + " comes back");
  const EventCounts counts = during({}, [&] { nodes_->start_again(node); });
  show_nodes();
  say("restart", name + " is back: " + counted_text(counts.others));
}

void Director::follow_orders() {
  on_board([](Board& board) { board.set_walked(); });
  say("walked", "walk and callers go on, and the page's buttons work, until Ctrl-C");
  for (;;) {
    doing("");
    const std::string order = orders_.wait();
    try {
      follow(order);
    } catch (const std::runtime_error& refusal) {
      load_->in([] {});  // throws if the load is over, which is no refusal
      on_board([](Board& board) { board.set_moving({}); });
      say("refused", order + ": " + refusal.what());
    }
  }
}

void Director::follow(const std::string& order) {
  if (order == "move") {
    const std::size_t shard = next_block_++ % shards_count;
    const std::size_t owner = nodes_->group().owner_of(block_begin(shard));
    return move_block(shard, primary_besides(owner));
  }
  const std::size_t space = order.find(' ');
  const auto node = Nodes::find(space == std::string::npos ? "" : order.substr(space + 1));
  if (!node) throw std::runtime_error("expected 'move', or a verb and a node, such as 'kill A1'");
  follow(std::string_view(order).substr(0, space), *node);
}

void Director::follow(std::string_view verb, std::size_t node) {
  const std::string name = Nodes::name_of(node);
  const bool is_running = nodes_->group().is_running(node);
  if (verb == "start") {
    if (is_running) throw std::runtime_error(name + " runs already");
    return start_again(node);
  }
  if (!is_running) throw std::runtime_error(name + " does not run");
  if (verb == "kill") return kill(node, Meanwhile::nothing);
  if (verb != "promote") throw std::runtime_error("expected move, kill, start or promote");
  const bool may_take_over =
      nodes_->is_replica(node) && nodes_->group().is_running(nodes_->primary_of(node));
  if (!may_take_over) throw std::runtime_error(name + " is no replica of a node that runs");
  promote(node);
}

EventCounts Director::during(const Slots& touched, const std::function<void()>& act) {
  load_->in([&] { load_->tally().begin(touched); });
  act();
  show_nodes();
  orders_.pause(after_event);
  EventCounts counts;
  load_->in([&] { counts = load_->tally().end(); });
  return counts;
}

void Director::say(std::string_view label, const std::string& text) {
  report_.line(label, text);
  on_board([&](Board& board) { board.say(label, text); });
}

void Director::say(const EventCounts& counts, const Slots& touched) {
  if (touched.any()) say("", "its slots: " + counted_text(counts.touched));
  say("", (touched.any() ? "all others: " : "meanwhile: ") + counted_text(counts.others));
}

void Director::on_board(const std::function<void(Board&)>& act) {
  if (board_) load_->in([&] { act(*board_); });
}

void Director::doing(const std::string& what) {
  if (!what.empty()) report_.progress("now", what);
  on_board([&](Board& board) { board.set_doing(what); });
}

void Director::show_nodes() {
  std::vector<StartedNode> all;
  const testing::ClusterGroup& group = nodes_->group();
  for (std::size_t node = 0; node < nodes_count; ++node) {
    all.push_back({.name = Nodes::name_of(node),
                   .address = group.address(node),
                   .id = group.id(node),
                   .is_running = group.is_running(node)});
  }
  on_board([&](Board& board) { board.set_nodes(std::move(all)); });
}

void Director::report_client() {
  const native::Statistics statistics = load_->statistics();
  const ClusterCounters& cluster = statistics.client.cluster;
  report_.line("callers", "in all: " + counted_text(load_->tally().total()));
  report_.line("client", with_commas(cluster.moved) + " requests went on after MOVED, " +
                             with_commas(cluster.asked) + " after ASK, " +
                             with_commas(cluster.sent_again) + " were sent again; " +
                             with_commas(cluster.views) + " views of the slots");
  const native::Topology topology = load_->client().topology();
  std::string owners;
  for (const native::Topology::Node& each : topology.nodes) {
    if (each.slots == 0) continue;
    owners += Nodes::name_of(nodes_->group().index_of(each.address)) + " " +
              with_commas(each.slots) + ", ";
  }
  report_.line("slots", owners + with_commas(topology.slots_unserved) + " without an owner");
  report_.line("memory", "client: " + as_memory(statistics.memory.peak) +
                             " at most, under a limit of " + as_memory(statistics.memory.limit) +
                             "; this process: " + as_memory(resident_bytes()) + " resident");
}

int Director::conclude(const std::string& stopped) {
  const bool is_interrupted = stopped == "interrupted";
  if (!load_) {
    report_.fail(stopped);
    return is_interrupted ? exit_interrupted : 1;
  }
  std::string problem = load_->end(stopped.empty() ? patience_at_end : 0ms);
  if (!stopped.empty()) problem = stopped;
  const Load::Written written = load_->written();
  const Verdict& verdict = load_->verdict();
  const std::size_t wrong = written.findings.wrong() + verdict.wrong_count();
  for (const auto* complaints : {&verdict.complaints(), &written.complaints}) {
    for (const std::string& each : *complaints) report_.line("wrong", each);
  }
  if (written.findings.gone_with_primary > 0) {
    report_.line("gone", counted(written.findings.gone_with_primary, "write", "writes") +
                             " acknowledged by a primary that was killed before its replica had "
                             "them: replication is asynchronous");
  }
  if (problem.empty()) {
    report_client();
    const BudgetStatistics memory = load_->statistics().memory;
    if (memory.peak > memory.limit) problem = "the client passed its memory line";
  }
  const bool is_good = problem.empty() && wrong == 0 && written.not_compared == 0;
  report_.end(is_good ? Report::Outcome::good : Report::Outcome::bad,
              (problem.empty() ? "" : "stopped: " + problem + "; ") +
                  counted(verdict.replies_count(), "reply", "replies") + " and " +
                  counted(verdict.closures_count(), "closure", "closures") + " checked, " +
                  counted(written.lists, "list", "lists") + " compared, " + with_commas(wrong) +
                  " wrong");
  if (is_interrupted) return exit_interrupted;
  return is_good ? 0 : 1;
}

void Director::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& problem, int /*signal*/) {
    if (problem) return;
    orders_.interrupt();
    wait_for_signal();
  });
}

}  // namespace

int run_in_cluster(const ClusterDemoOptions& options, Report& report) {
  report.title(
      "this machine's Debian packages in a cluster, walked while slots move and a primary dies");
  Inventory inventory;
  try {
    inventory = read_inventory(options.status, {});
  } catch (const BadInput& error) {
    report.fail(error.what());
    return 1;
  }
  const Model model(std::move(inventory.packages));
  return Director(options, report, model).execute();
}

}  // namespace plimsoll::demo
