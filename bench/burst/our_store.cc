#include <atomic>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>

#include "plimsoll/bench/burst/job.h"
#include "plimsoll/bench/burst/line.h"
#include "plimsoll/bench/burst/plan.h"
#include "plimsoll/bench/burst/store.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/client.h"
#include "plimsoll/client_side_cache.h"
#include "plimsoll/memory.h"
#include "plimsoll/stream_reader.h"

namespace plimsoll::bench {
namespace {

// All lookups of all events at a time: what bounds them is the requests pool.
constexpr std::size_t requests_max = events_at_once_max * lookups_max;

void check(const auto& result) {
  if (!result) fail("plimsoll", result.error().what());
}

native::Client connect_to(const StoreOptions& wanted) {
  native::MemoryOptions memory;
  memory.memory_limit = std::to_string(memory_line_bytes);
  memory.give_back.enabled = wanted.give_back;
  check(native::configure_memory(memory));

  native::ClientSideCacheOptions cache;
  cache.max_cache_kb = near_cache_bytes / 1024;
  auto made = native::ClientSideCache::create(cache);
  check(made);

  native::Options options;
  options.client_side_cache = *made;
  options.inflight_requests_limit = requests_max;
  options.inflight_overflow = native::OnLimit::wait;
  options.waiters_max = requests_max;
  options.request_timeout = std::chrono::minutes(5);
  options.connect_timeout = std::chrono::minutes(1);
  auto client =
      native::connect("unix://" + wanted.socket_path, options, boost::asio::use_future).get();
  check(client);
  return std::move(*client);
}

native::StreamReaderOptions reader_options(std::size_t events_max) {
  native::StreamReaderOptions options;
  options.group = group_name;
  options.consumer = "plimsoll";
  options.streams = {stream_name};
  options.count = static_cast<std::int64_t>(events_max);
  options.wait = std::chrono::seconds(1);
  return options;
}

Event to_event(native::StreamEntry& entry) {
  if (entry.fields.size() != 2) fail("plimsoll", "an event without its two fields");
  Event event;
  event.id = std::move(entry.id);
  event.number = std::stoull(entry.fields[0].value);
  event.body = std::move(entry.fields[1].value);
  return event;
}

class OurStore final : public Store {
 public:
  OurStore(const StoreOptions& options, StoreUser& user)
      : user_(user), client_(connect_to(options)) {}

  void read(std::size_t events_max) override {
    if (!reader_) reader_.emplace(client_, reader_options(events_max));
    reader_->next([this](native::Result<native::StreamBatch> batch) {
      check(batch);
      std::vector<Event> events;
      for (native::StreamEntries& part : batch->streams) {
        for (native::StreamEntry& entry : part.entries) events.push_back(to_event(entry));
      }
      user_.handle_events(std::move(events));
    });
  }

  void get(const std::string& key, Work& work) override {
    client_.get(key, [this, &work](const native::Result<std::optional<std::string>>& value) {
      check(value);
      if (!*value) fail("plimsoll", "a key is missing");
      user_.handle_value(work, **value);
    });
  }

  void write(Work& work) override {
    work.replies_left = 2;
    const std::string field = std::to_string(work.event.number);
    client_.command<std::int64_t>(
        {"HSET", results_name, field, work.result},
        [this, &work](const native::Result<std::int64_t>& added) { count_write(work, added); });
    reader_->ack(
        stream_name, {work.event.id},
        [this, &work](const native::Result<std::int64_t>& done) { count_write(work, done); });
  }

  std::size_t accounted_bytes() const override { return native::memory_statistics().used; }
  std::size_t accounted_bytes_peak() const override { return native::memory_statistics().peak; }

 private:
  void count_write(Work& work, const native::Result<std::int64_t>& count) {
    check(count);
    if (*count != 1) fail("plimsoll", "an event was worked on twice");
    if (--work.replies_left == 0) user_.handle_written(work);
  }

  StoreUser& user_;
  native::Client client_;
  std::optional<native::StreamReader> reader_;
};

}  // namespace

std::unique_ptr<Store> make_our_store(const StoreOptions& options, StoreUser& user) {
  return std::make_unique<OurStore>(options, user);
}

}  // namespace plimsoll::bench
