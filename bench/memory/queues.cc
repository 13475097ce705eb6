#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "plimsoll/bench/memory/attribution.h"
#include "plimsoll/bench/memory/parts.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/bench/statistics.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/memory_source.h"
#include "plimsoll/core/memory/queue.h"
#include "plimsoll/native/runtime/mapped_memory.h"

// core/memory's Queue where others have a channel: bounded, of messages that are moved in and out.

namespace plimsoll::bench {
namespace {

constexpr std::array<std::size_t, 3> capacities{1, 16, 1024};
constexpr std::array<std::size_t, 3> message_sizes{8, 128, 1024};
constexpr std::size_t idle_queues_count = 10'000;

// The channel of a well-known asynchronous runtime, measured elsewhere, and not run here: its bytes
// after it was made, of whatever capacity, and when 1024 messages are in it.
struct Channel {
  std::size_t message_bytes;
  double made_bytes;
  double filled_bytes;
};
constexpr std::array<Channel, 3> known_channels{{{8, 800, 9'728},  //
                                                 {128, 4'640, 132'608},
                                                 {1024, 33'312, 1'050'112}}};

template <std::size_t Bytes>
struct Payload {
  alignas(8) std::array<char, Bytes> bytes;
};

// What asks for memory here is the core's, but instances of its templates bear the bench's names.
class MarkedMemory final : public MemorySource {
 public:
  void* allocate_block(std::size_t bytes) override {
    const WorkFor core(Owner::core);
    return memory_.allocate_block(bytes);
  }
  void release_block(void* block, std::size_t bytes) override {
    memory_.release_block(block, bytes);
  }
  std::size_t block_footprint(std::size_t bytes) const override {
    return memory_.block_footprint(bytes);
  }
  void* allocate_segment() override {
    const WorkFor core(Owner::core);
    return memory_.allocate_segment();
  }
  void release_segment(void* segment) override { memory_.release_segment(segment); }

 private:
  native::MappedMemory memory_;
};

// A budget in which nothing else is, and an account to pay for queues.
class World {
 public:
  explicit World(std::size_t memory_limit)
      : budget_(BudgetOptions{.memory_limit = memory_limit}, memory_),
        account_(budget_.open_account(PoolKind::cache)) {
    if (!account_) fail("queues", "no account");
  }

  Account& account() { return *account_; }

 private:
  MarkedMemory memory_;
  Budget budget_;
  AccountHandle account_;
};

std::string cell(std::size_t message_bytes, std::size_t capacity) {
  return std::to_string(message_bytes) + " B x " + std::to_string(capacity);
}

// What the allocator has given to the core, and to the bench for the queue itself.
std::size_t allocated_bytes() {
  const Attribution now = attributed();
  return now.of(Owner::core).usable_bytes + now.core_page_bytes + now.of(Owner::bench).usable_bytes;
}

template <std::size_t Bytes>
void fill(Queue<Payload<Bytes>>& queue, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    Payload<Bytes> message{};
    if (queue.push_back(std::move(message)) != Queue<Payload<Bytes>>::Push::accepted) {
      fail("queues", "a queue has no room");
    }
  }
}

// A queue that lies on the heap, so that it is in the figures like all that it holds.
template <std::size_t Bytes>
void measure_cell(std::size_t capacity, Figures& figures) {
  World world(std::size_t{64} << 20);
  const std::size_t before = allocated_bytes();
  std::unique_ptr<Queue<Payload<Bytes>>> queue;
  {
    const WorkFor own(Owner::bench);
    queue = std::make_unique<Queue<Payload<Bytes>>>(world.account(), capacity);
  }
  const std::string name = cell(Bytes, capacity);
  figures[name + " header"] = static_cast<double>(Queue<Payload<Bytes>>::chunk_header_bytes);
  figures[name + " made"] = static_cast<double>(allocated_bytes() - before);
  fill(*queue, capacity);
  figures[name + " full"] = static_cast<double>(allocated_bytes() - before);
  while (!queue->empty()) queue->pop_front();
  figures[name + " drained"] = static_cast<double>(allocated_bytes() - before);
}

template <std::size_t Bytes>
void measure_cells(Figures& figures) {
  for (const std::size_t capacity : capacities) measure_cell<Bytes>(capacity, figures);
}

void measure_many(std::size_t count, Figures& figures) {
  World world(std::size_t{64} << 20);
  const std::size_t before = allocated_bytes();
  std::vector<std::unique_ptr<Queue<Payload<128>>>> queues;
  {
    const WorkFor own(Owner::bench);
    queues.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      queues.push_back(std::make_unique<Queue<Payload<128>>>(world.account(), 1024));
    }
  }
  figures["idle queues"] = static_cast<double>(allocated_bytes() - before);
}

// What no queue can beat: an array of its full size, made once.
template <class T>
class Ring {
 public:
  explicit Ring(std::size_t capacity) : slots_(capacity) {}
  bool push_back(const T& value) {
    if (end_ - begin_ == slots_.size()) return false;
    slots_[end_++ % slots_.size()] = value;
    return true;
  }
  T& front() { return slots_[begin_ % slots_.size()]; }
  void pop_front() { ++begin_; }

 private:
  std::vector<T> slots_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

// Nanoseconds a message that is put in and taken out, `depth` at a time.
template <class Line>
double nanoseconds(Line& line, std::size_t depth, std::size_t messages) {
  using Message = std::remove_reference_t<decltype(line.front())>;
  Message message{};
  std::size_t sum = 0;
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t done = 0; done < messages; done += depth) {
    for (std::size_t i = 0; i < depth; ++i) {
      message.bytes[0] = static_cast<char>(i);
      static_cast<void>(line.push_back(message));
    }
    for (std::size_t i = 0; i < depth; ++i) {
      sum += static_cast<unsigned char>(line.front().bytes[0]);
      line.pop_front();
    }
  }
  const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
  if (sum == 1) fail("queues", "a wrong message");  // so that nothing of it is left out
  return elapsed.count() / static_cast<double>(messages);
}

template <std::size_t Bytes>
void add_pace(std::size_t depth, const MemoryEffort& effort, Report& report) {
  World world(std::size_t{64} << 20);
  Queue<Payload<Bytes>> queue(world.account(), 1024);
  Ring<Payload<Bytes>> ring(1024);
  const std::size_t messages = (std::size_t{1} << 22) / effort.divisor;
  std::vector<double> ours;
  std::vector<double> rings;
  for (int round = 0; round < 5; ++round) {
    ours.push_back(nanoseconds(queue, depth, messages));
    rings.push_back(nanoseconds(ring, depth, messages));
  }
  report.add({.name = "queue, " + std::to_string(Bytes) + " B, " + std::to_string(depth) +
                      " at a time, plain ring",
              .ours = median(ours),
              .peer = median(rings),
              .unit = "ns/message"});
}

void add_cell(const Figures& figures, const Channel& known, std::size_t capacity, Report& report) {
  const std::string name = cell(known.message_bytes, capacity);
  const double made = figures.at(name + " made");
  const double payload = static_cast<double>(known.message_bytes * capacity);
  report.add({.name = "queue, " + name + ", made",
              .ours = made,
              .peer = known.made_bytes,
              .unit = "B (peer recorded)",
              .goal = counter_at_most(64)});
  const auto known_filled =
      capacity == 1024 ? std::optional<double>(known.filled_bytes) : std::nullopt;
  report.add({.name = "queue, " + name + ", full",
              .ours = figures.at(name + " full"),
              .peer = known_filled,
              .unit = known_filled ? "B (peer recorded)" : "B",
              .goal = counter_at_most(1.05 * payload + 64 + figures.at(name + " header"))});
  report.add({.name = "queue, " + name + ", drained, above made",
              .ours = figures.at(name + " drained") - made,
              .unit = "B",
              .goal = counter_at_most(0)});
}

}  // namespace

Figures measure_queues(const MemoryEffort& effort) {
  start_attribution();
  Figures figures;
  measure_cells<8>(figures);
  measure_cells<128>(figures);
  measure_cells<1024>(figures);
  measure_many(idle_queues_count / effort.divisor, figures);
  return figures;
}

void add_queues(const MemoryEffort& effort, Report& report) {
  const Figures figures = run_child("queues", effort);
  for (const Channel& known : known_channels) {
    for (const std::size_t capacity : capacities) add_cell(figures, known, capacity, report);
  }
  report.add({.name = std::to_string(idle_queues_count / effort.divisor) + " idle queues",
              .ours = figures.at("idle queues"),
              .unit = "B",
              .goal = counter_at_most(1024.0 * 1024)});
  for (const std::size_t depth : {1, 16, 1024}) {
    add_pace<8>(depth, effort, report);
    add_pace<128>(depth, effort, report);
  }
}

}  // namespace plimsoll::bench
