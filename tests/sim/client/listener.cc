#include "plimsoll/tests/sim/client/listener.h"

#include <algorithm>
#include <array>
#include <utility>

#include "plimsoll/tests/sim/client/request.h"

namespace plimsoll::sim {
namespace {

using std::chrono::milliseconds;

struct NameOf {
  const char* text;
  SubscriptionKind kind;
  std::array<const char*, 2> channels;  // that it stands for
};

// No channel is named in two ways, so that each message comes once.
constexpr std::array all_names = {
    NameOf{"c0", SubscriptionKind::channel, {"c0", nullptr}},
    NameOf{"c1", SubscriptionKind::channel, {"c1", nullptr}},
    NameOf{"c2", SubscriptionKind::channel, {"c2", nullptr}},
    NameOf{"p*", SubscriptionKind::pattern, {"p0", "p1"}},
};
constexpr std::array all_channels = {"c0", "c1", "c2", "p0", "p1"};

}  // namespace

template <class Visit>
void Listener::for_each_channel_of(std::size_t name, Visit&& visit) {
  for (const char* channel : all_names[name].channels) {
    if (channel != nullptr) visit(channel, channels_[channel]);
  }
}

void Listener::begin_life() {
  ++life_;
  connection_.reset();
  names_.clear();
  channels_.clear();
  asked_.clear();
  waiting_ = 0;
  told_ = {};
  believed_ = true;
  over_ = after_gap_ = wait_cancelled_ = false;
}

void Listener::act() {
  if (over_) return close();
  if (!connection_) return random().one_in(2) ? open() : publish(random().one_of(all_channels));
  switch (random().below(12)) {
    case 0:
    case 1: return change();
    case 2: return random().one_in(2) ? close() : wait();
    case 3: return wait();
    default: break;
  }
  const bool floods = !desk_.is_calm() && environment().scenario.faults.has(Fault::flood);
  if (floods && random().one_in(3)) return flood();
  publish(random().one_of(all_channels));
}

void Listener::flood() {
  coverage().count(Fault::flood);
  const std::uint64_t life = life_;
  for (std::uint64_t left = random().between(10, 80); left > 0 && life == life_; --left) {
    publish(random().one_of(all_channels));
  }
}

void Listener::publish(std::string_view channel) {
  const Duration timeout = desk_.draw_timeout();
  const RequestNumber number = desk_.enter(*this, deadline_of(timeout), 1, "PUBLISH");
  std::string message = marked(channel, {.number = number}) + '|';
  // Some are too large for those who take the least.
  const bool large = random().one_in(6);
  if (large) message.append(random().one_in(2) ? 6000 : random().skewed(4000), 'm');
  const std::array<std::string_view, 3> words{"PUBLISH", channel, message};
  CommandView command;
  command.args = words;
  const Result<RequestId> id = driver().submit(command, timeout, number);
  if (desk_.note_submitted(id, number)) driver().settle();
}

void Listener::open() {
  connection_ = driver().open_subscription();
  if (!connection_) return;
  driver().settle();
  change();
  desk_.go_on_soon(*this);
}

void Listener::close() {
  const ConnectionId connection = *connection_;
  begin_life();
  driver().close_subscription(connection);
}

// Names of one kind, at random.
void Listener::change() {
  const bool subscribes = names_.empty() || random().one_in(2);
  const auto kind = random().one_in(4) ? SubscriptionKind::pattern : SubscriptionKind::channel;
  std::vector<std::size_t> names;
  for (std::size_t name = 0; name < all_names.size(); ++name) {
    if (all_names[name].kind == kind && random().one_in(2)) names.push_back(name);
  }
  if (!names.empty()) ask(subscribes, kind, names);
}

void Listener::ask(bool subscribes, SubscriptionKind kind, const std::vector<std::size_t>& names) {
  const Duration timeout = desk_.draw_timeout();
  const RequestNumber number =
      desk_.enter(*this, deadline_of(timeout), 0, subscribes ? "SUBSCRIBE" : "UNSUBSCRIBE");
  std::vector<std::string_view> texts;
  for (const std::size_t name : names) texts.emplace_back(all_names[name].text);
  const auto submitted = subscribes
                             ? driver().subscribe(*connection_, kind, texts, timeout, number)
                             : driver().unsubscribe(*connection_, kind, texts, timeout, number);
  if (!desk_.note_submitted(submitted, number)) return;
  asked_[number] = {.names = names, .subscribes = subscribes};
  for (const std::size_t name : names) {
    names_[name].last = number;
    names_[name].state = subscribes ? Name::State::asked : Name::State::leaving;
    for_each_channel_of(name, [&](const char*, Channel& channel) {
      if (subscribes) channel.silent = false;
      if (!subscribes) channel.sure = false;
    });
  }
  driver().settle();
}

void Listener::wait() {
  if (waiting_ != 0 || over_) return;
  const Duration timeout = random().one_in(2) ? Duration::zero() : desk_.draw_timeout();
  const std::size_t messages_max = random().one_in(3) ? random().between(2, 8) : 1;
  const RequestNumber number = desk_.enter(*this, deadline_of(timeout), 0, "to wait for messages");
  const Result<RequestId> id = driver().next_messages(*connection_, messages_max, timeout, number);
  if (!desk_.note_submitted(id, number)) return;
  waiting_ = number;
  waiting_id_ = *id;
  driver().settle();
}

// Waits most of the time, but not always: then messages gather.
void Listener::go_on() {
  if (!connection_ || over_) return;
  if (!desk_.is_calm()) {
    if (!random().one_in(4)) wait();
    if (random().one_in(3)) change();
    return;
  }
  if (!is_proved()) {
    wait();
    publish(random().one_of(all_channels));
    for (auto& [name, state] : names_) {
      if (!state.proof_wanted) continue;
      for_each_channel_of(name, [&](const char* text, Channel& channel) {
        if (channel.last <= channel.proof_behind) publish(text);
      });
    }
    return desk_.go_on_later(*this);
  }
  // Behind messages that nobody takes, no answer comes either.
  if (!asked_.empty()) {
    wait();
    return desk_.go_on_later(*this);
  }
  if (waiting_ == 0 || std::exchange(wait_cancelled_, true)) return;
  driver().cancel(waiting_id_);
}

void Listener::calm_down() {
  for (auto& [name, state] : names_) {
    state.proof_wanted = believed_ && state.state == Name::State::on;
    for_each_channel_of(name, [&](const char* text, Channel& channel) {
      channel.proof_behind =
          books().channels.published(static_cast<std::uint32_t>(driver().server()), text);
    });
  }
  desk_.go_on_soon(*this);
}

bool Listener::is_proved() {
  if (!connection_ || over_ || !believed_) return true;
  if (driver().statistics_of(*connection_).refused > 0) return true;
  return std::all_of(names_.begin(), names_.end(), [&](auto& each) {
    bool proved = true;
    if (!each.second.proof_wanted) return true;
    for_each_channel_of(each.first, [&](const char*, Channel& channel) {
      proved = proved && channel.last > channel.proof_behind;
    });
    return proved;
  });
}

void Listener::handle_part(const Event& event, bool truthful) {
  believed_ = believed_ && truthful;
  if (event.tag != waiting_ || !event.value) return;
  coverage().count(Deed::message_of_several);
  note_message(*event.value);
}

void Listener::handle_outcome(const Event& event, bool truthful) {
  const auto asked = asked_.find(event.tag);
  if (asked != asked_.end()) {
    believed_ = believed_ && truthful;
    const bool confirmed = event.error == nullptr;
    confirmed ? note_confirmed(asked->second, event.tag)
              : note_not_confirmed(asked->second, event.tag);
    asked_.erase(asked);
    return;
  }
  if (event.tag != waiting_) return;  // of a PUBLISH, or of a subscription that was closed
  waiting_ = 0;
  believed_ = believed_ && truthful;
  if (event.error == nullptr && event.value) note_message(*event.value);
  // The connection is not replaced any more.
  if (event.error != nullptr && event.error->code == ErrorCode::closed) over_ = true;
  desk_.go_on_soon(*this);
}

void Listener::note_confirmed(const Asked& asked, RequestNumber number) {
  coverage().count(asked.subscribes ? Deed::subscribed : Deed::unsubscribed);
  for (const std::size_t name : asked.names) {
    Name& state = names_[name];
    if (state.last != number) continue;
    state.state = asked.subscribes ? Name::State::on : Name::State::off;
    for_each_channel_of(name, [&](const char* text, Channel& channel) {
      const std::uint64_t published =
          books().channels.published(static_cast<std::uint32_t>(driver().server()), text);
      if (!asked.subscribes) {
        channel.silent = true;
        channel.silent_at = published;
      } else if (!channel.sure) {
        channel.sure = true;
        channel.base = published;
        channel.lost = channel.gaps = 0;
      }
    });
  }
}

void Listener::note_not_confirmed(const Asked& asked, RequestNumber number) {
  for (const std::size_t name : asked.names) {
    if (names_[name].last != number) continue;
    names_[name].state = Name::State::open;
    for_each_channel_of(name, [](const char*, Channel& channel) { channel.sure = false; });
  }
}

// "message", channel, text; or "pmessage", pattern, channel, text.
void Listener::note_message(const Value& message) {
  const MessagesMissed missed = driver().messages_missed();
  const OverflowPolicy policy = driver().options().subscription_overflow;
  const bool newest = policy == OverflowPolicy::drop_newest;
  coverage().count(newest ? Deed::newest_dropped : Deed::message_dropped, missed.lost);
  coverage().count(Deed::gap_delivered, missed.gaps);
  if (missed.gaps > 0) coverage().count(Deed::subscription_restored);
  for (auto& [text, channel] : channels_) {
    channel.lost += missed.lost;
    channel.gaps += missed.gaps;
  }
  const auto elements = message.as_elements();
  if (!elements || elements->size() < 3) return note_push(0, missed);  // of another kind
  auto at = elements->begin();
  const std::string kind = text_of(*at);
  if (kind.ends_with("unsubscribe")) return;  // the end of a name, which is counted as refused
  if (kind != "message" && kind != "pmessage") return note_push(0, missed);
  if (kind == "pmessage") ++at;
  const std::string name = text_of(*++at);
  const RequestNumber number = mark_of(text_of(*++at)).number;
  coverage().count(Deed::message_delivered);
  environment().note("client", desk_.user_number(), "is told message % (% lost, % gaps before)",
                     number, missed.lost, missed.gaps);
  note_push(number, missed);
  if (!believed_) return;
  const auto server = static_cast<std::uint32_t>(driver().server());
  note_place(channels_[name], books().channels.place_of(server, name, number), number);
}

// What is lost is what lies between this push and the one that was told before it: no more, and no
// less, unless a connection was lost in between.
void Listener::note_push(RequestNumber number, const MessagesMissed& missed) {
  ++told_.pushes;
  told_.lost += missed.lost;
  told_.gaps += missed.gaps;
  if (!believed_) return;
  const std::vector<std::uint64_t>& links = driver().links_of(*connection_);
  const Pushes& pushes = books().pushes;
  if (told_.anchored && missed.gaps == 0) {
    const ClientOptions& options = driver().options();
    const bool pauses = options.subscription_overflow == OverflowPolicy::pause_reading;
    // What was read to the progress reserve cannot stay there.
    const bool was_dry = driver().was_refused(PoolKind::pushes);
    const bool may_lose = !pauses || was_dry || options.reply_bytes_max != bulk_bytes_max;
    require(may_lose || missed.lost == 0, "who has reading paused loses nothing for want of room",
            number);
    told_.place += missed.lost;
    require(pushes.is_at(links[told_.link], told_.place, number),
            "as many messages are said to be lost as are missing", number);
    ++told_.place;
    return;
  }
  // Behind a gap, nobody knows how much of the connection before it had come.
  told_.anchored = false;
  if (number == 0) return;
  std::size_t link = links.size();
  std::optional<std::size_t> place;
  while (!place && link > told_.link) place = pushes.place_of(links[--link], number);
  require(place.has_value(), "a message was sent on a connection of the subscription", number);
  if (!place) return;
  require(*place <= missed.lost || missed.gaps > 0 || told_.pushes > 1,
          "what comes before the first message that is told is said to be lost", number);
  told_.link = link;
  told_.place = *place + 1;
  told_.anchored = true;
}

void Listener::check() {
  if (!connection_ || over_) return;
  const SubscriptionStatistics statistics = driver().statistics_of(*connection_);
  if (statistics.received == 0) return;  // or the client is over
  if (statistics.paused && !paused_) coverage().count(Deed::reading_paused);
  paused_ = statistics.paused;
  require(statistics.received == told_.pushes + statistics.queued + statistics.lost,
          "each message that came was told, is kept, or is counted as lost", waiting_);
}

void Listener::check_quiet() {
  if (!connection_ || over_ || !believed_ || !told_.anchored) return;
  const SubscriptionStatistics statistics = driver().statistics_of(*connection_);
  const std::vector<std::uint64_t>& links = driver().links_of(*connection_);
  if (statistics.gaps != told_.gaps || told_.link + 1 != links.size()) return;
  if (statistics.paused) return;
  const std::uint64_t untold = statistics.queued + (statistics.lost - told_.lost);
  require(books().pushes.count(links.back()) == told_.place + untold,
          "each message that was sent was told, is kept, or is counted as lost", waiting_);
}

void Listener::note_place(Channel& channel, std::uint64_t place, RequestNumber number) {
  require(place > 0, "a message is told as it was published", number);
  require(!channel.silent || place <= channel.silent_at,
          "nothing is told of a channel behind the end of its subscription", number);
  require(place > channel.last, "messages are told in order, and once", number);
  const std::uint64_t known = std::max(channel.last, channel.base);
  const bool complete = place <= known + 1 + channel.lost;
  require(!channel.sure || channel.gaps > 0 || complete,
          "messages are missing only where that is told", number);
  channel.last = place;
  channel.lost = channel.gaps = 0;
}

}  // namespace plimsoll::sim
