// A server made of the model itself: it answers from the packages, in an order that the test
// chooses, and can be told to answer falsely, to refuse, or to fail.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "plimsoll/demo/model.h"
#include "plimsoll/demo/request.h"
#include "plimsoll/demo/store.h"

namespace plimsoll::demo {

class MapStore : public Store {
 public:
  enum class Order { first_come, last_come };

  explicit MapStore(const Model& model, Order order = Order::first_come)
      : model_(model), order_(order) {}

  void send(const Request& request, std::function<void(Outcome)> done) override;

  /// Answers one request; false if none waits.
  bool answer();

  /// Answers until none waits, replies that lead to new requests included.
  void answer_all();

  /// What the request for this key, as "GET package:a", is answered with instead.
  void falsify(const std::string& request, Outcome outcome);

  /// Refuses what is sent while so many wait already.
  void refuse_above(std::size_t waiting_max) { waiting_max_ = waiting_max; }

  /// The requests in the order in which they were sent, as "GET package:a".
  [[nodiscard]] const std::vector<std::string>& log() const { return log_; }
  [[nodiscard]] std::size_t waiting_count() const { return waiting_.size(); }
  [[nodiscard]] std::size_t waiting_peak() const { return waiting_peak_; }

 private:
  struct Waiting {
    Request request;
    std::function<void(Outcome)> done;
  };

  Outcome outcome_of(const Request& request) const;

  const Model& model_;
  Order order_;
  std::deque<Waiting> waiting_;
  std::map<std::string, Outcome> falsified_;
  std::size_t waiting_max_ = static_cast<std::size_t>(-1);
  std::size_t waiting_peak_ = 0;
  std::vector<std::string> log_;
};

}  // namespace plimsoll::demo
