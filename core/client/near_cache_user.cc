#include <array>
#include <string_view>
#include <utility>

#include "plimsoll/core/client/near_cache.h"

// Whose replies a connection brings, and so whose entries its client is served. The server says who
// the user is (ACL WHOAMI, in the handshake and behind each new AUTH); where it will not say, the
// credentials that it took stand for the user. Before that is known nothing is looked up or stored.
// A reply is stored for the source that was known both when it was asked for and when it came: what
// was read on the other side of an AUTH is not.

namespace plimsoll {
namespace {

using cache::KeyHash;
using cache::Sources;

constexpr std::string_view encoded_whoami = "*2\r\n$3\r\nACL\r\n$6\r\nWHOAMI\r\n";

// What a name of more bytes is, where it lies in pieces, is not told.
constexpr std::size_t joined_bytes_max = 512;

template <std::size_t count>
KeyHash digest_of(const cache::Cache& cache, const std::array<KeyHash, count>& parts) {
  return cache.digest({reinterpret_cast<const char*>(parts.data()), sizeof(parts)});
}

// Whether the server says that this user, or the one it takes the connection for, may not.
bool is_about_rights(const Value& value) {
  constexpr std::array<std::string_view, 3> prefixes = {"NOPERM", "NOAUTH", "WRONGPASS"};
  const Result<BytesView> text = value.as_error();
  if (!text) return false;
  for (const std::string_view prefix : prefixes) {
    if (text->starts_with(prefix)) return true;
  }
  return false;
}

bool is_refusal_of_user(const Event& event) {
  const bool is_about_connection = event.kind == Event::Kind::closed ||
                                   event.kind == Event::Kind::disconnected ||
                                   event.kind == Event::Kind::credentials_refused;
  return is_about_connection && (event.error->code == ErrorCode::authentication_failed ||
                                 event.error->code == ErrorCode::permission_denied);
}

}  // namespace

// The next connection is made with the credentials that the session has now.
void NearCache::handle_opened() {
  auths_pending_ = 0;
  former_ = nullptr;
  auth_refused_ = asks_user_ = has_user_ = false;
}

// Who is somebody else on the way takes nothing along, even before the connection is there.
void NearCache::set_shown(std::string_view text) {
  const KeyHash shown = cache_.digest(text);
  if (shown.low == shown_.low && shown.high == shown_.high) return;
  shown_ = shown;
  leave_source();
}

// It may be another user from here on, and is the one of before until the server has agreed. A
// connection that is there is told by one AUTH for all that it has not been told yet.
void NearCache::handle_credentials(const Credentials& credentials) {
  if (Sources::Source* const source = source_.load(std::memory_order_relaxed)) former_ = source;
  leave_source();
  const Session::State state = main_.state();
  const bool is_there = state == Session::State::handshaking || state == Session::State::ready;
  const bool is_told = is_there && !credentials.password.empty();
  if (is_told && !main_.are_credentials_untold()) ++auths_pending_;
}

void NearCache::handle_auth_outcome(const Event& event) {
  leave_source();
  has_user_ = false;
  if (event.kind == Event::Kind::completed && auths_pending_ > 0) {
    --auths_pending_;
    former_ = nullptr;
  } else {
    auth_refused_ = true;
  }
  asks_user_ = true;
  ask_for_user();
}

void NearCache::ask_for_user() {
  CommandView whoami = CommandView::from_encoded(encoded_whoami);
  if (main_.submit_own(whoami, own_user)) asks_user_ = false;
}

// In the middle of the handshake, or behind an AUTH.
void NearCache::take_user(const Event& event) {
  if (!event.value && main_.state() != Session::State::ready) return;  // with its connection
  std::array<char, joined_bytes_max> joined;
  std::string_view name;
  const auto bytes = event.value ? event.value->as_bytes() : Result<BytesView>(Error{});
  if (bytes && !event.value->is_error()) {
    if (bytes->contiguous()) {
      name = bytes->view();
    } else if (bytes->size() <= joined.size()) {
      bytes->copy_to(joined.data());
      name = {joined.data(), bytes->size()};
    }
  }
  // Credentials that the server has refused since say nothing of the connection.
  const bool are_credentials_its = auths_pending_ == 0 && !auth_refused_;
  has_user_ = !name.empty() || are_credentials_its;
  if (!name.empty()) {
    user_ = digest_of(cache_, std::array{cache_.digest(name)});
  } else if (has_user_) {
    const SessionOptions& options = main_.options();
    const std::string_view username = options.username.empty() ? "default" : options.username;
    user_ = digest_of(cache_, std::array{cache_.digest(username), cache_.digest(options.password)});
  }
  if (main_.state() == Session::State::ready) enter_source();
}

// While an AUTH is under way the answer to it decides.
void NearCache::enter_source() {
  Sources::Source* entered = nullptr;
  if (has_user_ && auths_pending_ == 0) {
    entered = cache_.enter_source(digest_of(cache_, std::array{place_, shown_, user_}));
  }
  Sources::Source* const left = source_.exchange(entered);
  if (left != nullptr) cache_.sources().leave(*left);
}

// Nor does it share what was asked for as the other.
void NearCache::leave_source() {
  flights_.seal();
  if (Sources::Source* const left = source_.exchange(nullptr)) cache_.sources().leave(*left);
}

// Rights that were taken away show here first. A user who was never allowed to PING is refused that
// all the time, which says nothing.
void NearCache::note_refusal(const Event& event) {
  const bool is_flight = event.tag >= flight_tag_first && event.tag < own_tag_first;
  const bool is_proof = is_flight && Flights::flight_of(event.tag).question.row == 0;
  const bool is_of_rights =
      is_refusal_of_user(event) || (event.value && is_about_rights(*event.value));
  if (!is_of_rights) return;
  // PTTL and CLIENT CACHING, without which the read goes on.
  if (is_flight && event.kind == Event::Kind::queueing_failed) return;
  if ((event.tag == own_proof || is_proof) && !std::exchange(may_ping_, false)) return;
  // Replies come in order: until the server has answered an AUTH they are the former user's. Should
  // that source's place be another's by now, dropping it costs misses.
  Sources::Source* const entered = source_.load(std::memory_order_relaxed);
  Sources::Source* const source = entered != nullptr ? entered : former_;
  if (source != nullptr) {
    cache_.drop_source(*source);
    has_to_relieve_ = true;
  }
}

}  // namespace plimsoll
