#pragma once

#include <map>
#include <string>
#include <vector>

#include "plimsoll/tests/sim/client/errand.h"

namespace plimsoll::sim {

/// Pushes elements, waits for elements of others, and changes its mind.
class Popper final : public Errand {
 public:
  using Errand::Errand;

  void begin_life() override { waiting_.clear(); }
  void act() override;
  void handle_outcome(const Event& event, bool truthful) override;
  void calm_down() override;
  void go_on() override;

 private:
  struct Waiting {
    RequestId id = 0;
    bool cancelled = false;
    Instant due = never;  // then the server says that nothing came
  };

  void act_once();
  void push();
  void wait();
  void cancel_one();
  void note_failed(const Event& event, bool truthful);

  std::map<RequestNumber, Waiting> waiting_;
};

}  // namespace plimsoll::sim
