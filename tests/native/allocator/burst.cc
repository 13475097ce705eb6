// A burst under whatever malloc this program was started with: four threads make payloads that
// their neighbours free, while they wait for what is next, as threads of a pool do. Prints whose
// malloc it is, and the process's anonymous memory in KiB at each step.

#include <array>
#include <barrier>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <optional>
#include <thread>
#include <vector>

#include "plimsoll/native/allocator/allocator.h"
#include "plimsoll/native/allocator/process_usage.h"

namespace {

using plimsoll::native::process_allocator;
using plimsoll::native::process_usage;

constexpr std::size_t threads_count = 4;
constexpr std::size_t payloads_per_thread = 12'000;
constexpr std::size_t payload_bytes = 4096;
constexpr std::size_t small_bytes = 200;
// One of so many small blocks outlives the burst, and holds on to its page.
constexpr std::size_t survivors_one_of = 100;

std::size_t anonymous_bytes() {
  const auto figures = process_usage();
  return figures ? figures->anonymous_bytes : 0;
}

void print(const char* name, std::size_t bytes) {
  std::cout << name << " " << bytes / 1024 << "\n";
}

void* filled(std::size_t bytes) {
  void* const block = std::malloc(bytes);
  if (block == nullptr) std::abort();
  return std::memset(block, 'x', bytes);
}

struct Worker {
  std::vector<void*> payloads;  // of this thread; its neighbour frees them
  std::vector<void*> small;     // its own
};

void make(Worker& worker) {
  for (std::size_t i = 0; i < payloads_per_thread; ++i) {
    worker.payloads.push_back(filled(payload_bytes));
    worker.small.push_back(filled(small_bytes));
  }
}

void release(Worker& worker, Worker& neighbour) {
  for (void* const block : std::exchange(neighbour.payloads, {})) std::free(block);
  for (std::size_t i = 0; i < worker.small.size(); ++i) {
    if (i % survivors_one_of != 0) std::free(std::exchange(worker.small[i], nullptr));
  }
}

}  // namespace

int main() {
  const auto& allocator = process_allocator();
  std::cout << "allocator " << allocator.name() << "\nversion "
            << (allocator.version().empty() ? "-" : allocator.version()) << "\n";
  print("before", anonymous_bytes());
  std::array<Worker, threads_count> workers;
  std::barrier step(threads_count + 1);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < threads_count; ++i) {
    threads.emplace_back([&, i] {
      make(workers[i]);
      step.arrive_and_wait();  // all is there
      step.arrive_and_wait();
      release(workers[i], workers[(i + 1) % threads_count]);
      step.arrive_and_wait();  // the burst is over
      step.arrive_and_wait();  // another thread has asked
      allocator.give_back_thread();
      step.arrive_and_wait();
      step.arrive_and_wait();
    });
  }
  step.arrive_and_wait();
  print("burst", anonymous_bytes());
  step.arrive_and_wait();
  step.arrive_and_wait();
  print("over", anonymous_bytes());
  print("excess", allocator.excess(anonymous_bytes()).value_or(0));
  allocator.give_back();
  print("asked", anonymous_bytes());
  step.arrive_and_wait();
  step.arrive_and_wait();
  allocator.give_back();
  print("asked_threads", anonymous_bytes());
  step.arrive_and_wait();
  for (std::thread& thread : threads) thread.join();
  std::size_t survivors = 0;
  for (const Worker& worker : workers) {
    for (const void* const block : worker.small) survivors += block != nullptr ? 1 : 0;
  }
  print("survivors", survivors * small_bytes);
}
