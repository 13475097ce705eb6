#include "plimsoll/demo/cluster/writer.h"

#include <charconv>
#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace plimsoll::demo {
namespace {

namespace asio = boost::asio;
using Clock = Tally::Clock;

constexpr std::size_t steps_at_once = 4;
constexpr std::size_t steps_in_list = 400;
constexpr std::size_t complaints_max = 2;
constexpr std::size_t attempts_max = 20;
constexpr auto pause_between = std::chrono::milliseconds(10);
constexpr auto pause_after_error = std::chrono::milliseconds(100);

template <class T>
Fate fate_in(const native::Result<T>& reply) {
  return reply ? Fate::acknowledged : fate_of(reply.error());
}

// What no caller writes becomes a number that no caller has.
std::int64_t number_of(const std::string& text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, number);
  return problem == std::errc() && rest == end ? number : -1;
}

}  // namespace

Writer::Writer(asio::io_context& io, native::Client& client, Tally& tally, std::uint16_t slot,
               std::size_t number)
    : io_(io),
      client_(client),
      tally_(tally),
      slot_(slot),
      name_(testing::tag_of(slot) + "caller:" + std::to_string(number) + ":"),
      pause_(io),
      all_settled_(io) {}

void Writer::start() {
  asio::co_spawn(io_, run(), [this](const std::exception_ptr& problem) {
    is_done_ = true;
    if (problem) std::rethrow_exception(problem);
  });
}

asio::awaitable<void> Writer::run() {
  while (!is_stopping_) {
    ledger_ = Ledger();
    const std::string generation = std::to_string(++generation_);
    list_ = name_ + "list:" + generation;
    counter_ = name_ + "count:" + generation;
    co_await write();
    co_await compare();
  }
}

asio::awaitable<void> Writer::write() {
  while (!is_stopping_ && ledger_.size() < steps_in_list) {
    for (std::size_t i = 0; i < steps_at_once; ++i) take_step();
    all_settled_.expires_at(Clock::time_point::max());
    if (open_ > 0) co_await all_settled_.async_wait(asio::as_tuple(asio::use_awaitable));
    pause_.expires_after(pause_between);
    co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

template <class T, class Settle>
auto Writer::noting(Settle settle) {
  ++open_;
  return [this, sent_at = Clock::now(), settle](const native::Result<T>& reply) {
    settle(reply);
    note(sent_at, reply ? nullptr : &reply.error());
    if (--open_ == 0) all_settled_.cancel();
  };
}

void Writer::take_step() {
  const std::size_t step = ledger_.begin();
  client_.rpush(list_, {std::to_string(step)},
                noting<std::int64_t>([this, step](const auto& reply) {
                  ledger_.settle_push(step, fate_in(reply));
                }));
  client_.incr(counter_, noting<std::int64_t>([this, step](const auto& reply) {
                 ledger_.settle_count(step, fate_in(reply), reply ? *reply : 0);
               }));
  client_.lindex(list_, -1, noting<std::optional<std::string>>([this, step](const auto& reply) {
                   if (reply && *reply) ledger_.settle_read(step, number_of(**reply));
                 }));
}

void Writer::note(Clock::time_point sent_at, const native::Error* error) {
  if (error == nullptr) tally_.acknowledged(slot_, sent_at);
  if (error != nullptr) tally_.failed(slot_, sent_at, *error);
}

// The whole list is small. A read that fails may be repeated.
asio::awaitable<void> Writer::compare() {
  for (std::size_t attempt = 0; attempt < attempts_max; ++attempt) {
    const auto sent_at = Clock::now();
    const auto texts = co_await client_.lrange(list_, 0, -1, asio::use_awaitable);
    note(sent_at, texts ? nullptr : &texts.error());
    if (texts) {
      audit(*texts);
      // If it fails, a list stays that nobody looks at again.
      static_cast<void>(co_await client_.del({list_, counter_}, asio::use_awaitable));
      co_return;
    }
    pause_.expires_after(pause_after_error);
    co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  ++not_compared_;
  complain("its list cannot be read");
}

void Writer::audit(const std::vector<std::string>& texts) {
  std::vector<std::int64_t> numbers;
  for (const std::string& text : texts) numbers.push_back(number_of(text));
  const Findings found = ledger_.audit(numbers);
  findings_ += found;
  ++audits_;
  if (found.wrong() > 0) complain(to_text(found));
}

void Writer::complain(const std::string& what) {
  if (complaints_.size() >= complaints_max) return;
  complaints_.push_back("the caller of slot " + std::to_string(slot_) + ": " + what);
}

}  // namespace plimsoll::demo
