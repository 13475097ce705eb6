#include "plimsoll/core/client/reply_source.h"

#include <array>
#include <utility>

namespace plimsoll::inline v0 {
namespace {

using cache::KeyHash;
using cache::Sources;

constexpr std::string_view encoded_whoami = "*2\r\n$3\r\nACL\r\n$6\r\nWHOAMI\r\n";

// A longer user name that lies in several buffers counts as unknown.
constexpr std::size_t joined_bytes_max = 512;

template <std::size_t count>
KeyHash digest_of(const cache::Cache& cache, const std::array<KeyHash, count>& parts) {
  return cache.digest({reinterpret_cast<const char*>(parts.data()), sizeof(parts)});
}

bool says_rights_are_lacking(const Value& value) {
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

// A bit for each question of a client that reads from replicas; 0 for other requests.
std::uint8_t question_of_reader(Tag tag) {
  if (tag == internal_replication || tag == internal_report) return 1;
  if (tag == internal_zone) return 2;
  return tag == internal_read_only ? 4 : 0;
}

}  // namespace

ReplySource::ReplySource(cache::Cache& cache, Session& main, Fetches& fetches,
                         std::string_view place)
    : cache_(cache), main_(main), fetches_(fetches), place_(cache.digest(place)) {
  main.ask_user();
}

// With another text the client may get other replies, so it leaves its source at once, even before
// the new connection exists.
void ReplySource::set_shown(std::string_view text) {
  const KeyHash shown = cache_.digest(text);
  if (shown.low == shown_.low && shown.high == shown_.high) return;
  shown_ = shown;
  leave();
}

void ReplySource::enter_cluster() {
  place_ = digest_of(cache_, std::array{place_, cache_.digest("cluster")});
  if (source_.load(std::memory_order_relaxed) != nullptr) enter();
}

void ReplySource::keep_apart(std::uint32_t client) {
  const std::string_view number(reinterpret_cast<const char*>(&client), sizeof(client));
  place_ = digest_of(cache_, std::array{place_, cache_.digest("replicas"), cache_.digest(number)});
}

void ReplySource::handle_opened() {
  auths_pending_ = 0;
  former_ = nullptr;
  auth_refused_ = is_unasked_ = has_user_ = false;
}

// Called in the middle of the handshake, or after an AUTH.
void ReplySource::handle_user(const Event& event) {
  if (!event.value && main_.state() != Session::State::ready) return;  // lost with its connection
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
  // If the server refused an AUTH, the options' credentials are not those of this connection.
  const bool are_credentials_its = auths_pending_ == 0 && !auth_refused_;
  has_user_ = !name.empty() || are_credentials_its;
  if (!name.empty()) {
    user_ = digest_of(cache_, std::array{cache_.digest(name)});
  } else if (has_user_) {
    const SessionOptions& options = main_.options();
    const std::string_view username = options.username.empty() ? "default" : options.username;
    user_ = digest_of(cache_, std::array{cache_.digest(username), cache_.digest(options.password)});
  }
  if (main_.state() == Session::State::ready) enter();
}

void ReplySource::handle_ready() {
  may_ping_ = main_.may_ping();
  enter();
}

// From now on the user may be another, but replies belong to the former user until the server has
// accepted the AUTH. Credentials that replace others before these were sent need no AUTH of their
// own.
void ReplySource::handle_credentials(const Credentials& credentials) {
  if (Sources::Source* const source = source_.load(std::memory_order_relaxed)) former_ = source;
  leave();
  const Session::State state = main_.state();
  const bool is_there = state == Session::State::handshaking || state == Session::State::ready;
  const bool sends_auth = is_there && !credentials.password.empty();
  if (sends_auth && !main_.are_credentials_unsent()) ++auths_pending_;
}

void ReplySource::handle_auth_outcome(const Event& event) {
  leave();
  has_user_ = false;
  if (event.kind == Event::Kind::completed && auths_pending_ > 0) {
    --auths_pending_;
    former_ = nullptr;
  } else {
    auth_refused_ = true;
  }
  is_unasked_ = true;
  ask();
}

bool ReplySource::is_about_rights(const Event& event) {
  if (tags::is_fetch(event.tag) && event.kind == Event::Kind::queueing_failed) return false;
  return is_refusal_of_user(event) || (event.value && says_rights_are_lacking(*event.value));
}

// A refusal is the first sign that rights were taken away. If a user was never allowed to PING, the
// server refuses each PING, which shows no change. The same holds for INFO.
bool ReplySource::drop_if_refused(const Event& event) {
  const bool is_fetch = tags::is_fetch(event.tag);
  const bool is_proof = is_fetch && Fetches::fetch_of(event.tag).question.row == 0;
  if (event.tag == internal_owner || !is_about_rights(event)) return false;
  const bool is_question = event.tag == internal_proof || event.tag == internal_key || is_proof;
  if (is_question && !std::exchange(may_ping_, false)) return false;
  const std::uint8_t asked = question_of_reader(event.tag);
  if (asked != 0 && (refused_ & asked) != 0) return false;
  refused_ |= asked;
  // Replies come in order, so until the server has answered an AUTH they belong to the former user.
  // If another source has taken that place in the cache since, dropping it costs only misses.
  Sources::Source* const entered = source_.load(std::memory_order_relaxed);
  Sources::Source* const source = entered != nullptr ? entered : former_;
  if (source == nullptr) return false;
  cache_.drop_source(*source);
  return true;
}

void ReplySource::leave() {
  fetches_.seal();
  if (Sources::Source* const left = source_.exchange(nullptr)) cache_.sources().leave(*left);
}

void ReplySource::ask() {
  CommandView whoami = CommandView::from_encoded(encoded_whoami);
  if (main_.submit_internal(whoami, internal_user)) is_unasked_ = false;
}

// While an AUTH is under way, no source is entered: its answer decides.
void ReplySource::enter() {
  Sources::Source* entered = nullptr;
  if (has_user_ && auths_pending_ == 0) {
    entered = cache_.enter_source(digest_of(cache_, std::array{place_, shown_, user_}));
  }
  Sources::Source* const left = source_.exchange(entered);
  if (left != nullptr) cache_.sources().leave(*left);
}

}  // namespace plimsoll::inline v0
