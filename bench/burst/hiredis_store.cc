#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <hiredis/hiredis.h>
// After hiredis.h, whose types it uses.
#include <hiredis/adapters/libev.h>
#include <hiredis/async.h>

#include "plimsoll/bench/burst/plan.h"
#include "plimsoll/bench/burst/store.h"
#include "plimsoll/bench/program.h"

namespace plimsoll::bench {
namespace {

std::string_view text_of(const redisReply& reply) { return {reply.str, reply.len}; }

const redisReply& checked(const void* answer) {
  const auto* reply = static_cast<const redisReply*>(answer);
  if (reply == nullptr) fail("hiredis", "a connection was lost");
  if (reply->type == REDIS_REPLY_ERROR) fail("hiredis", reply->str);
  return *reply;
}

// [id, [name, number, name, body]]
Event to_event(const redisReply& entry) {
  const redisReply& fields = *entry.element[1];
  if (fields.elements != 4) fail("hiredis", "an event without its two fields");
  Event event;
  event.id = text_of(*entry.element[0]);
  event.number = std::stoull(std::string(text_of(*fields.element[1])));
  event.body = text_of(*fields.element[3]);
  return event;
}

class HiredisStore final : public Store {
 public:
  HiredisStore(const StoreOptions& options, StoreUser& user)
      : user_(user),
        loop_(ev_loop_new(EVBACKEND_EPOLL)),
        reader_(connect_to(options.socket_path)),
        context_(connect_to(options.socket_path)) {
    ev_async_init(&wakeup_, on_wakeup);
    wakeup_.data = this;
    ev_async_start(loop_, &wakeup_);
    thread_ = std::thread([this] { ev_run(loop_, 0); });
    thread_.detach();  // until the process ends
  }

  void read(std::size_t events_max) override {
    ask({"XREADGROUP", "GROUP", group_name, "hiredis", "COUNT", std::to_string(events_max), "BLOCK",
         "1000", "STREAMS", stream_name, ">"},
        nullptr, Kind::read);
  }

  void get(const std::string& key, Work& work) override { ask({"GET", key}, &work, Kind::value); }

  void write(Work& work) override {
    work.replies_left = 2;
    const std::string field = std::to_string(work.event.number);
    ask({"HSET", results_name, field, work.result}, &work, Kind::written);
    ask({"XACK", stream_name, group_name, work.event.id}, &work, Kind::written);
  }

  std::size_t accounted_bytes() const override { return 0; }
  std::size_t accounted_bytes_peak() const override { return 0; }

 private:
  enum class Kind { read, value, written };

  struct Asked {
    std::vector<std::string> words;
    Work* work;
    Kind kind;
  };

  redisAsyncContext* connect_to(const std::string& path) {
    redisAsyncContext* context = redisAsyncConnectUnix(path.c_str());
    if (context == nullptr || context->err != 0) fail("hiredis", "cannot connect");
    context->data = this;
    redisLibevAttach(loop_, context);
    return context;
  }

  void ask(std::vector<std::string> words, Work* work, Kind kind) {
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back({std::move(words), work, kind});
    }
    ev_async_send(loop_, &wakeup_);
  }

  static void on_wakeup(struct ev_loop*, ev_async* wakeup, int) {
    auto* self = static_cast<HiredisStore*>(wakeup->data);
    std::vector<Asked> asked;
    {
      const std::lock_guard lock(self->mutex_);
      asked.swap(self->asked_);
    }
    for (const Asked& one : asked) self->send(one);
  }

  void send(const Asked& asked) {
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    for (const std::string& word : asked.words) {
      texts.push_back(word.data());
      sizes.push_back(word.size());
    }
    const bool reads = asked.kind == Kind::read;
    redisCallbackFn* const callback = reads                       ? on_events
                                      : asked.kind == Kind::value ? on_value
                                                                  : on_written;
    redisAsyncCommandArgv(reads ? reader_ : context_, callback, asked.work,
                          static_cast<int>(texts.size()), texts.data(), sizes.data());
  }

  // Nil, or [[stream, [entries]]].
  static void on_events(redisAsyncContext* context, void* answer, void*) {
    const redisReply& reply = checked(answer);
    std::vector<Event> events;
    if (reply.type == REDIS_REPLY_ARRAY) {
      const redisReply& entries = *reply.element[0]->element[1];
      for (std::size_t i = 0; i < entries.elements; ++i) {
        events.push_back(to_event(*entries.element[i]));
      }
    }
    static_cast<HiredisStore*>(context->data)->user_.handle_events(std::move(events));
  }

  static void on_value(redisAsyncContext* context, void* answer, void* work) {
    const redisReply& reply = checked(answer);
    if (reply.type != REDIS_REPLY_STRING) fail("hiredis", "a key is missing");
    static_cast<HiredisStore*>(context->data)
        ->user_.handle_value(*static_cast<Work*>(work), text_of(reply));
  }

  static void on_written(redisAsyncContext* context, void* answer, void* which) {
    if (checked(answer).integer != 1) fail("hiredis", "an event was worked on twice");
    auto* work = static_cast<Work*>(which);
    if (--work->replies_left > 0) return;
    static_cast<HiredisStore*>(context->data)->user_.handle_written(*work);
  }

  StoreUser& user_;
  struct ev_loop* loop_;
  redisAsyncContext* reader_;
  redisAsyncContext* context_;
  ev_async wakeup_{};
  std::mutex mutex_;
  std::vector<Asked> asked_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Store> make_hiredis_store(const StoreOptions& options, StoreUser& user) {
  return std::make_unique<HiredisStore>(options, user);
}

}  // namespace plimsoll::bench
