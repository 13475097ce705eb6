#pragma once

#include <map>
#include <string>

#include "plimsoll/tests/sim/client/errand.h"

namespace plimsoll::sim {

/// Encoded commands, one behind the other.
class EncodedCommands {
 public:
  void clear() { bytes_.clear(), count_ = 0; }
  void add(std::initializer_list<std::string_view> words);
  /// As one request, with an answer to each. Valid until it is changed.
  CommandView request() const;
  std::uint16_t count() const { return count_; }

 private:
  std::string bytes_;
  std::uint16_t count_ = 0;
};

/// Transactions on the connection that everybody shares; some have a command that no server takes.
class Transactor final : public Errand {
 public:
  using Errand::Errand;

  void begin_life() override { pending_.clear(); }
  void act() override;
  void handle_outcome(const Event& event, bool truthful) override;
  void handle_part(const Event& event, bool truthful) override;

 private:
  struct Pending {
    std::uint16_t bad_owed = 0;  // answers behind the refused command's; 0: all are good
    bool told = false;           // of the refusal
  };

  EncodedCommands commands_;
  std::map<RequestNumber, Pending> pending_;
};

}  // namespace plimsoll::sim
