#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/native/bridge/shared/channel_hub.h"
#include "plimsoll/tests/core/memory/test_budget.h"
#include "plimsoll/tests/native/finish.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/valkey_server.h"

// For tests of the ChannelHub: listeners that remember what they got, and a hub with its client in
// one io_context, which runs while the test waits for something.

namespace plimsoll::testing {

class HeardListener final : public bridge::HubListener {
 public:
  void handle_push(const bridge::PushBytes& push) override { pushes.push_back(push); }
  void handle_gap(std::string_view why) override { gaps.emplace_back(why); }

  bool has(std::string_view bytes) const {
    return std::any_of(pushes.begin(), pushes.end(),
                       [bytes](const bridge::PushBytes& push) { return push->bytes() == bytes; });
  }

  std::vector<bridge::PushBytes> pushes;
  std::vector<std::string> gaps;
};

/// The bytes of a message, in either form: of an array or a push of these words.
inline std::string message_bytes(bridge::PushForm form, const std::vector<std::string>& words) {
  const char mark = form == bridge::PushForm::resp3 ? '>' : '*';
  std::string bytes = mark + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    bytes += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  return bytes;
}

class HubWorld {
 public:
  using Kind = bridge::ChannelKind;
  using Error = std::optional<native::Error>;

  explicit HubWorld(const std::string& url, bridge::PushForm form = bridge::PushForm::resp3,
                    native::Options options = patient_options())
      : form_(form), account_(budget_.budget.open_account(PoolKind::pushes)) {
    options.protocol =
        form == bridge::PushForm::resp3 ? native::Protocol::resp3 : native::Protocol::resp2;
    options.subscriptions_max = bridge::ChannelHub::client_subscriptions_max;
    client_.emplace(finish(context_, native::connect(context_.get_executor(), url, options,
                                                     boost::asio::use_future))
                        .value());
    hub_.emplace(*client_, *account_, form);
  }

  bridge::ChannelHub& hub() { return *hub_; }
  native::Client& client() { return *client_; }
  TestBudget& budget() { return budget_; }
  bridge::PushForm form() const { return form_; }

  /// Runs the context until `condition` comes true. Throws std::runtime_error if it does not.
  template <class Condition>
  void wait(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + patience();
    while (!condition()) {
      context_.restart();
      if (context_.run_one_until(deadline) == 0) {
        throw std::runtime_error("what was waited for did not come");
      }
    }
  }

  /// add(), until it is done.
  Error add(HeardListener& listener, Kind kind, const std::vector<std::string_view>& names) {
    std::optional<Error> outcome;
    hub_->add(listener, kind, names, [&](Error error) { outcome = std::move(error); });
    wait([&] { return outcome.has_value(); });
    return *outcome;
  }

  /// Returns when all that was published before has reached the hub, as far as it comes by the
  /// subscription of plain channels.
  void settle() {
    HeardListener last;
    add(last, Kind::channel, {"settle"});
    finish(context_, client_->publish("settle", "now", boost::asio::use_future)).value();
    wait([&] { return !last.pushes.empty() || !last.gaps.empty(); });
    hub_->remove_all(last);
  }

  /// Ends the hub and the client, in this order.
  void close() {
    hub_.reset();
    client_.reset();
  }

  /// After close(): runs what they have left behind.
  void run_rest() {
    context_.restart();
    context_.run_for(patience());
  }

  boost::asio::io_context& context() { return context_; }

 private:
  const bridge::PushForm form_;
  TestBudget budget_{{.memory_limit = std::size_t{256} << 20}};
  AccountHandle account_;
  boost::asio::io_context context_;
  std::optional<native::Client> client_;
  std::optional<bridge::ChannelHub> hub_;
};

}  // namespace plimsoll::testing
