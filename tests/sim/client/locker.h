#pragma once

#include <optional>
#include <string>

#include "plimsoll/tests/sim/client/transactor.h"

namespace plimsoll::sim {

/// Watches a key on a connection of its own, reads it, and writes it if nobody else has; writes
/// keys of others meanwhile.
class Locker final : public Errand {
 public:
  using Errand::Errand;

  void begin_life() override;
  void act() override;
  void go_on() override;
  void handle_outcome(const Event& event, bool truthful) override;
  void calm_down() override { desk_.go_on_soon(*this); }

 private:
  enum class Step : std::uint8_t { none, watching, watched, reading, read, committing, over };

  void write_something();
  void watch();
  void read();
  void commit();
  void release();
  /// Whether it was taken.
  bool submit(const CommandView& command, Duration timeout, RequestNumber number);
  RequestNumber enter(Duration timeout, std::uint16_t runs_max, const char* what);

  Step step_ = Step::none;
  std::optional<ConnectionId> connection_;
  std::string key_;
  RequestNumber watch_ = 0;
  RequestNumber pending_ = 0;
  RequestNumber read_ = 0;
  EncodedCommands commands_;
};

}  // namespace plimsoll::sim
