#include "plimsoll/demo/cluster/board.h"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include "plimsoll/memory.h"

namespace plimsoll::demo {
namespace {

using nlohmann::json;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr auto tick_length = milliseconds(250);
constexpr std::size_t ticks_in_second = 4;
constexpr std::size_t points_max = 240;  // a minute
constexpr std::size_t news_max = 60;
constexpr std::size_t nobody = 255;

template <class Unit, class Duration>
std::int64_t in(Duration duration) {
  return std::chrono::duration_cast<Unit>(duration).count();
}

// Which of `nodes` has each slot, by what a node says.
std::vector<std::size_t> owners_of(const std::vector<StartedNode>& nodes,
                                   const std::vector<testing::KnownNode>& known) {
  std::vector<std::size_t> owners(testing::cluster_slots_count, nobody);
  for (const testing::KnownNode& each : known) {
    const auto found = std::find_if(nodes.begin(), nodes.end(),
                                    [&](const StartedNode& node) { return node.id == each.id; });
    if (found == nodes.end()) continue;
    for (const auto& [first, last] : each.slots) {
      std::fill(owners.begin() + first, owners.begin() + last + 1,
                static_cast<std::size_t>(found - nodes.begin()));
    }
  }
  return owners;
}

// Rows of slots with one owner: [first, last, node].
json rows_of(const std::vector<std::size_t>& owners) {
  json rows = json::array();
  for (std::size_t first = 0; first < owners.size();) {
    std::size_t end = first;
    while (end < owners.size() && owners[end] == owners[first]) ++end;
    if (owners[first] != nobody) rows.push_back({first, end - 1, owners[first]});
    first = end;
  }
  return rows;
}

std::string_view state_of(native::Topology::Node::State state) {
  using State = native::Topology::Node::State;
  switch (state) {
    case State::idle: return "idle";
    case State::connecting: return "connecting";
    case State::checking: return "checking";
    case State::ready: return "ready";
    case State::suspect: return "suspect";
    case State::lost: return "lost";
  }
  return "";
}

}  // namespace

Board::Board(boost::asio::io_context& io, Load& load, int descriptor)
    : load_(load), out_(io, descriptor), timer_(io) {}

void Board::stop() {
  timer_.cancel();
  out_.close();
}

void Board::say(std::string_view label, std::string text) {
  const auto at = in<milliseconds>(Tally::Clock::now() - began_);
  news_.push_back({news_count_++, at, std::string(label), std::move(text)});
  if (news_.size() > news_max) news_.pop_front();
}

void Board::tick() {
  const Sample sample = load_.tally().take_sample();
  points_.push_back({sample.replies * ticks_in_second, in<microseconds>(sample.median),
                     in<microseconds>(sample.longest), load_.statistics().client.cluster.parked});
  if (points_.size() > points_max) points_.pop_front();
  if (!is_asking_) ask();
  if (!is_writing_ && out_.is_open()) write();
  timer_.expires_after(tick_length);
  timer_.async_wait([this](const boost::system::error_code& problem) {
    if (!problem) tick();
  });
}

void Board::ask() {
  is_asking_ = true;
  load_.client().command<std::string>({"CLUSTER", "NODES"},
                                      [this](const native::Result<std::string>& text) {
                                        is_asking_ = false;
                                        if (text) known_ = testing::read_known_nodes(*text);
                                      });
}

// A reader that is slow gets fewer lines.
void Board::write() {
  is_writing_ = true;
  line_ = state() + "\n";
  boost::asio::async_write(out_, boost::asio::buffer(line_),
                           [this](const boost::system::error_code& problem, std::size_t) {
                             is_writing_ = problem.failed();
                           });
}

// What the nodes' own gossip, and the client, say of a node.
json Board::node(const StartedNode& started, const native::Topology& topology) const {
  json node = {{"name", started.name},
               {"address", started.address},
               {"running", started.is_running},
               {"role", "unknown"},
               {"failed", false},
               {"of", nullptr},
               {"client", nullptr},
               {"inFlight", 0}};
  for (const testing::KnownNode& each : known_) {
    if (each.id != started.id) continue;
    node["role"] = each.has_flag("slave") ? "replica" : "primary";
    node["failed"] = each.has_flag("fail") || each.has_flag("fail?");
    for (const StartedNode& other : nodes_) {
      if (other.id == each.primary) node["of"] = other.name;
    }
  }
  for (const native::Topology::Node& each : topology.nodes) {
    if (each.address != started.address) continue;
    node["client"] = state_of(each.state);
    node["inFlight"] = each.in_flight;
  }
  return node;
}

json Board::nodes(const std::vector<std::size_t>& owners) {
  const Tally::Replies replies = load_.tally().take_replies();
  std::array<std::size_t, nobody + 1> rates{};
  std::array<std::size_t, nobody + 1> slots{};
  for (std::size_t slot = 0; slot < owners.size(); ++slot) {
    rates[owners[slot]] += replies[slot] * ticks_in_second;
    ++slots[owners[slot]];
  }
  const native::Topology topology = load_.client().topology();
  json all = json::array();
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    all.push_back(node(nodes_[i], topology));
    all.back()["slots"] = slots[i];
    all.back()["rate"] = rates[i];
  }
  return all;
}

json Board::counts() const {
  const Load::Written written = load_.written();
  const Counts& counts = load_.tally().total();
  return {{"acknowledged", counts.acknowledged},
          {"inDoubt", counts.in_doubt},
          {"notRun", counts.not_run},
          {"readsFailed", counts.reads_failed},
          {"wrong", written.findings.wrong() + load_.verdict().wrong_count()},
          {"goneWithPrimary", written.findings.gone_with_primary},
          {"lists", written.lists},
          {"reads", load_.verdict().replies_count()},
          {"closures", load_.verdict().closures_count()}};
}

json Board::client() const {
  const native::Statistics statistics = load_.statistics();
  const ClusterCounters& cluster = statistics.client.cluster;
  const native::MemoryStatistics memory = native::memory_statistics();
  return {{"moved", cluster.moved},
          {"asked", cluster.asked},
          {"sentAgain", cluster.sent_again},
          {"views", cluster.views},
          {"parked", cluster.parked},
          {"inFlight", statistics.client.in_flight},
          {"connections", memory.connections},
          {"memory", memory.used},
          {"peak", memory.peak},
          {"limit", memory.limit}};
}

std::string Board::state() {
  json news = json::array();
  for (const News& each : news_) {
    news.push_back(
        {{"number", each.number}, {"at", each.at}, {"label", each.label}, {"text", each.text}});
  }
  json points = json::array();
  for (const Point& each : points_) {
    points.push_back({each.rate, each.median, each.longest, each.parked});
  }
  json moving = nullptr;
  if (moving_) moving = {moving_->first, moving_->last, moving_->next};
  const std::vector<std::size_t> owners = owners_of(nodes_, known_);
  const json all = {{"at", in<milliseconds>(Tally::Clock::now() - began_)},
                    {"doing", doing_},
                    {"walked", is_walked_},
                    {"nodes", nodes(owners)},
                    {"slots", rows_of(owners)},
                    {"moving", std::move(moving)},
                    {"callers", callers_},
                    {"points", std::move(points)},
                    {"news", std::move(news)},
                    {"counts", counts()},
                    {"client", client()}};
  return all.dump();
}

}  // namespace plimsoll::demo
