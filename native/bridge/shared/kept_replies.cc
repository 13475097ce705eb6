#include "plimsoll/native/bridge/shared/kept_replies.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <vector>

#include "plimsoll/core/commands/row_numbers.h"
#include "plimsoll/native/bridge/shared/error_line.h"
#include "plimsoll/native/bridge/shared/local_answers.h"

namespace plimsoll::bridge {
namespace {

namespace row_numbers = commands::row_numbers;

// None: it is no number of a message.
std::optional<std::uint64_t> number_of(std::string_view text) {
  constexpr std::size_t digits_max = 20;
  if (text.size() > digits_max) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Calls `visit(std::string_view)` for each key of a command. False: they are unknown.
template <class Visit>
bool for_each_key(const commands::Row* row, std::span<const std::string_view> words,
                  Visit&& visit) {
  if (row == nullptr) return false;
  const auto found = commands::key_ranges(*row, words);
  if (!found) return false;
  for (const commands::KeyRange& range : std::span(found->ranges).first(found->count)) {
    for (std::size_t i = 0; i < range.count; ++i) visit(words[range.first + i * range.step]);
  }
  return true;
}

}  // namespace

std::string KeptReplies::set(Words words, bool is_resp3, SharedClient& client) {
  TrackingMode wanted = mode_;
  std::string answer = wanted.set(words);
  if (!is_on() && wanted.is_on()) {
    const std::string_view reason = reason_against(is_resp3, client);
    if (!reason.empty()) return not_possible("CLIENT TRACKING", reason);
    if (!hub_->add(listener_)) {
      return error_line(
          native::Error(ErrorCode::out_of_memory, Executed::no, "no room for tracking"));
    }
  }
  if (!wanted.is_on()) end();
  mode_ = wanted;
  return answer;
}

std::string_view KeptReplies::reason_against(bool is_resp3, const SharedClient& client) const {
  if (!is_resp3) return "it needs HELLO 3";
  if (hub_ == nullptr) return "connections are shared, and the bridge has no cache for the server";
  if (!client.may_be_tracked()) return "the server does not tell the bridge of changes";
  return {};
}

void KeptReplies::end() {
  if (is_on()) hub_->remove(listener_);
  mode_ = TrackingMode();
}

void KeptReplies::leave() {
  if (is_on()) hub_->leave(listener_);
  mode_ = TrackingMode();
}

std::string_view KeptReplies::problem_of_resume(Words words) const {
  if (!is_on()) return "-ERR CLIENT TRACKING RESUME without CLIENT TRACKING ON\r\n";
  // No account pays for the copies of these words, so they have to be short.
  const bool is_name = words.size() == 5 && words[3].size() <= HolderNames::name_bytes;
  const bool is_right = words.size() == 3 || (is_name && number_of(words[4]));
  return is_right ? "" : "-ERR syntax error\r\n";
}

void KeptReplies::resume(std::span<const std::string> words, const Profile& profile,
                         ReplyQueue& replies, std::function<void(std::string)> answered) {
  replies.set_on_sent([this](const PushBytes& message) { hub_->handle_sent(listener_, message); });
  const std::string owner = profile.name + "\n" + profile.username;
  const auto answer =
      [&replies, answered = std::move(answered)](const std::optional<TrackingHub::Named>& named) {
        if (!named) {
          return answered(error_line(native::Error(ErrorCode::out_of_memory, Executed::no,
                                                   "no room to remember what is missed")));
        }
        answered("*3\r\n" + bulk(named->name) + ":" +
                 std::to_string(named->number + replies.invalidations()) +
                 "\r\n:" + (named->is_resumed ? "1" : "0") + "\r\n");
      };
  if (words.size() == 3) return answer(hub_->give_name(listener_, owner));
  hub_->resume(listener_, owner, words[3], *number_of(words[4]), answer);
}

void KeptReplies::prove_for_ping(std::function<void()> done) {
  hub_->handle_ping(listener_);
  hub_->prove([this, done = std::move(done)] {
    hub_->handle_pong(listener_);
    done();
  });
}

// Unknown commands may be reads of modules. The time that a key has left is nothing to keep, and a
// client with a cache asks for it in front of a value: what came behind that would be taken for the
// value's.
bool KeptReplies::wants(const commands::Row* row) const {
  if (!mode_.is_next_tracked()) return false;
  if (row == nullptr) return true;
  const std::uint16_t number = commands::number_of(*row);
  if (number == row_numbers::ttl || number == row_numbers::pttl) return false;
  return row->reads != 0 && row->specs_count > 0;
}

// Of an MGET the cache may have some keys and not others.
std::optional<PushBytes> KeptReplies::hold(Words read, const WireReply& reply,
                                           SharedClient& client) {
  hub_->deliver();
  const commands::Row* const row = commands::find(read);
  const bool is_mget = row != nullptr && commands::number_of(*row) == row_numbers::mget;
  const bool is_watched = client.watch(read, reply);
  WireReply::Elements elements(reply);
  std::vector<std::string_view> changed;
  const bool are_known = for_each_key(row, read, [&](std::string_view key) {
    bool is_held = is_watched;
    if (!is_watched && is_mget) {
      const std::array<std::string_view, 2> get{"GET", key};
      const std::string_view element = elements.next();
      is_held = !element.empty() && client.watch(get, element);
    }
    if (!is_held || !hub_->hold(listener_, key)) changed.push_back(key);
  });
  if (!are_known) return EncodedPush::invalidation_of_all(account_);
  if (changed.empty()) return std::nullopt;
  return EncodedPush::invalidation(account_, changed);
}

}  // namespace plimsoll::bridge
