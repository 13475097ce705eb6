#include <future>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/use_future.hpp>

#include "plimsoll/bench/commands/work.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/client.h"

namespace plimsoll::bench {
namespace {

native::Client connect_to(const std::string& url, const std::string& ca_file) {
  native::Options options;
  options.request_timeout = std::chrono::minutes(1);
  options.connect_timeout = std::chrono::minutes(1);
  options.tls.ca_file = ca_file;
  auto client = native::connect(url, options, boost::asio::use_future).get();
  if (!client) fail("plimsoll", client.error().what());
  return std::move(*client);
}

// What a load sends and how it looks at what comes back: one type for each, so that callbacks cost
// what they cost in a program.
struct GetSet {
  std::string value = std::string(small_value_bytes, 's');

  template <class Then>
  void send(native::Client& client, std::size_t number, Then then) {
    if (number % sets_one_in == 0) {
      client.set(small_key, value, then);
    } else {
      client.get(small_key, then);
    }
  }
  static bool is_right(const native::Result<void>& done) { return done.has_value(); }
  static bool is_right(const native::Result<std::optional<std::string>>& got) {
    return got && *got && (*got)->size() == small_value_bytes;
  }
};

struct Mget {
  std::vector<std::string> texts;
  std::vector<std::string_view> keys;
  Mget() {
    for (std::size_t i = 0; i < mget_keys_count; ++i) texts.push_back(mget_key(i));
    keys.assign(texts.begin(), texts.end());
  }

  template <class Then>
  void send(native::Client& client, std::size_t, Then then) {
    client.mget(keys, then);
  }
  static bool is_right(const native::Result<std::vector<std::optional<std::string>>>& got) {
    return got && got->size() == mget_keys_count && got->back() &&
           got->back()->size() == small_value_bytes;
  }
};

struct Hgetall {
  template <class Then>
  void send(native::Client& client, std::size_t, Then then) {
    client.hgetall(hash_key, then);
  }
  static bool is_right(const native::Result<native::StringMap>& got) {
    return got && got->size() == hash_fields_count;
  }
};

struct BigValues {
  template <class Then>
  void send(native::Client& client, std::size_t, Then then) {
    client.get(big_key, then);
  }
  static bool is_right(const native::Result<std::optional<std::string>>& got) {
    return got && *got && (*got)->size() == big_value_bytes;
  }
};

template <class Requests>
class OurWork final : public Contender {
 public:
  OurWork(const std::string& url, const std::string& ca_file) : client_(connect_to(url, ca_file)) {}

  void run(std::size_t count, Ticks*) override {
    unsent_ = count;
    unanswered_ = count;
    std::promise<void> done;
    done_ = &done;
    // All is sent on the runtime's own thread, by callbacks. This takes us there.
    client_.ping([this](const native::Result<std::string>&) {
      for (std::size_t i = 0; i < in_flight_count && unsent_ > 0; ++i) send();
    });
    done.get_future().wait();
  }

 private:
  void send() {
    requests_.send(client_, unsent_--, [this](const auto& result) {
      if (!result) fail("plimsoll", result.error().what());
      if (!Requests::is_right(result)) fail("plimsoll", "a wrong reply");
      if (unsent_ > 0) send();
      if (--unanswered_ == 0) done_->set_value();
    });
  }

  Requests requests_;
  native::Client client_;
  std::size_t unsent_ = 0;
  std::size_t unanswered_ = 0;
  std::promise<void>* done_ = nullptr;
};

}  // namespace

std::unique_ptr<Contender> make_our_work(const std::string& url, const std::string& ca_file,
                                         Work work) {
  switch (work) {
    case Work::get_set: return std::make_unique<OurWork<GetSet>>(url, ca_file);
    case Work::mget: return std::make_unique<OurWork<Mget>>(url, ca_file);
    case Work::hgetall: return std::make_unique<OurWork<Hgetall>>(url, ca_file);
    case Work::big_values: return std::make_unique<OurWork<BigValues>>(url, ca_file);
  }
  return nullptr;
}

}  // namespace plimsoll::bench
