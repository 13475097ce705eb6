#include "plimsoll/bench/burst/job.h"

#include <malloc.h>

#include <ctime>
#include <string>
#include <utility>

namespace plimsoll::bench {
namespace {

constexpr std::size_t events_a_read = 50;

std::size_t heap_bytes(const std::string& text) {
  const bool is_inside = text.capacity() <= std::string().capacity();
  return is_inside ? 0 : malloc_usable_size(const_cast<char*>(text.data()));
}

// As the allocator rounds them up: 4097 bytes are 5 KiB to some.
std::size_t bytes_of(Work& work) {
  return malloc_usable_size(&work) + heap_bytes(work.event.id) + heap_bytes(work.event.body);
}

std::chrono::nanoseconds thread_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

// The sum of the body, again and again.
std::uint64_t sum_for_a_while(const std::string& body) {
  const auto end = thread_time() + work_time;
  std::uint64_t sum = 0;
  do {
    sum = sum_of_body(body);
  } while (thread_time() < end);
  return sum;
}

}  // namespace

void Job::start(Store& store) {
  store_ = &store;
  read_on();
}

void Job::read_on() {
  {
    const std::lock_guard lock(mutex_);
    const std::size_t in_hand = waiting_.size() + under_way_;
    const bool has_room = in_hand + events_a_read <= events_at_once_max;
    if (is_asking_ || (reading_ == Reading::while_room && !has_room)) return;
    is_asking_ = true;
  }
  store_->read(events_a_read);
}

void Job::handle_events(std::vector<Event> events) {
  {
    const std::lock_guard lock(mutex_);
    is_asking_ = false;
    for (Event& event : events) {
      waiting_.push_back(std::make_unique<Work>(std::move(event)));
      add_bytes(bytes_of(*waiting_.back()));
    }
  }
  start_some();
  read_on();
}

void Job::start_some() {
  for (;;) {
    Work* work = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty() || under_way_ == events_at_once_max) return;
      work = waiting_.front().release();
      waiting_.pop_front();
      ++under_way_;
    }
    pool_.submit([this, work] { begin(*work); });
  }
}

void Job::begin(Work& work) {
  const std::uint64_t number = work.event.number;
  work.body_sum = sum_for_a_while(work.event.body);
  const std::size_t count = plan_.lookups_count(number);
  work.replies_left = count + 1;  // the last one is this function's end
  for (std::size_t nth = 0; nth < count; ++nth) {
    store_->get(plan_.key(plan_.lookup(number, nth)), work);
  }
  count_reply(work);
}

void Job::handle_value(Work& work, std::string_view value) {
  work.values_sum += sum_of_value(value);
  count_reply(work);
}

void Job::count_reply(Work& work) {
  if (--work.replies_left > 0) return;
  pool_.submit([this, &work] { finish(work); });
}

// The body came from the client's thread, and goes here.
void Job::finish(Work& work) {
  work.result = result_of(work.body_sum, work.values_sum);
  const std::size_t before = bytes_of(work);
  std::string().swap(work.event.body);
  bytes_ -= before - bytes_of(work);
  store_->write(work);
}

void Job::handle_written(Work& work) {
  bytes_ -= bytes_of(work);
  delete &work;
  {
    const std::lock_guard lock(mutex_);
    --under_way_;
  }
  start_some();
  read_on();
  ++done_;
}

void Job::add_bytes(std::size_t bytes) {
  const std::size_t now = bytes_ += bytes;
  std::size_t peak = bytes_peak_;
  while (now > peak && !bytes_peak_.compare_exchange_weak(peak, now)) {
  }
}

}  // namespace plimsoll::bench
