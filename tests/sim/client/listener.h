#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/tests/sim/client/errand.h"

namespace plimsoll::sim {

/// Publishes messages, and listens to those of all on a connection for subscriptions: they come in
/// order, once, and are missing only where that is told.
class Listener final : public Errand {
 public:
  using Errand::Errand;

  void begin_life() override;
  void act() override;
  void go_on() override;
  void handle_outcome(const Event& event, bool truthful) override;
  void handle_part(const Event& event, bool truthful) override;
  void check() override;
  void check_quiet() override;
  void calm_down() override;
  bool is_proved() override;

 private:
  // A channel, or a pattern that stands for some.
  struct Name {
    enum class State : std::uint8_t { none, asked, on, leaving, off, open } state = State::none;
    RequestNumber last = 0;  // the request that was made last about it
    bool proof_wanted = false;
  };
  struct Channel {
    std::uint64_t last = 0;       // message that was told, by its place
    std::uint64_t silent_at = 0;  // nothing is told behind it, while `silent`
    bool silent = true;
    bool sure = false;  // each message behind `base` is told, or told to be missing
    std::uint64_t base = 0;
    std::uint64_t lost = 0;
    std::uint64_t gaps = 0;
    std::uint64_t proof_behind = 0;
  };
  struct Asked {
    std::vector<std::size_t> names;
    bool subscribes = true;
  };

  void publish(std::string_view channel);
  void flood();
  void open();
  void change();
  void ask(bool subscribes, SubscriptionKind kind, const std::vector<std::size_t>& names);
  void wait();
  void close();
  void note_message(const Value& message);
  void note_push(RequestNumber number, const MessagesMissed& missed);
  void note_place(Channel& channel, std::uint64_t place, RequestNumber number);
  void note_confirmed(const Asked& asked, RequestNumber number);
  void note_not_confirmed(const Asked& asked, RequestNumber number);
  template <class Visit>
  void for_each_channel_of(std::size_t name, Visit&& visit);

  // How far the pushes of all its connections were told.
  struct Told {
    std::size_t link = 0;   // of the subscription's connections
    bool anchored = false;  // something was told that came on it
    std::size_t place = 0;  // behind what was told, on that connection
    std::uint64_t pushes = 0;
    std::uint64_t lost = 0;
    std::uint64_t gaps = 0;
  };

  std::optional<ConnectionId> connection_;
  Told told_;
  std::map<std::size_t, Name> names_;
  std::map<std::string, Channel, std::less<>> channels_;
  std::map<RequestNumber, Asked> asked_;
  std::uint64_t life_ = 0;
  RequestNumber waiting_ = 0;
  RequestId waiting_id_ = 0;
  bool believed_ = true;  // no server has lied here, and refused no name
  bool after_gap_ = false;
  bool over_ = false;
  bool paused_ = false;
  bool wait_cancelled_ = false;
};

}  // namespace plimsoll::sim
