#include "plimsoll/core/client/client_recording.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace plimsoll::inline v0 {
namespace {

// Command names are not secret, and rarely longer than this.
constexpr std::size_t name_bytes_max = 24;

// Returns the command's name: its first word, or the first bulk string of its encoded head.
std::string_view name_of(const CommandView& command) {
  std::string_view head = command.head;
  if (head.empty()) {
    if (!command.args.empty()) return command.args.front().substr(0, name_bytes_max);
    if (!command.more_args.empty()) return command.more_args.front().substr(0, name_bytes_max);
    return {};
  }
  const std::size_t length = head.find('$');
  if (length == head.npos) return {};
  const std::size_t begin = head.find('\n', length);
  if (begin == head.npos) return {};
  head.remove_prefix(begin + 1);
  return head.substr(0, std::min(head.find('\r'), name_bytes_max));
}

std::uint64_t is_read(const CommandView& command) {
  return command.effect == CommandView::Effect::read ? 1 : 0;
}

// Appends lines "name number" to a buffer that is large enough.
class HeaderWriter {
 public:
  explicit HeaderWriter(std::span<char> out) : out_(out) {}

  void put(std::string_view text) {
    const std::size_t size = std::min(text.size(), out_.size() - used_);
    std::copy_n(text.data(), size, out_.data() + used_);
    used_ += size;
  }
  void put(std::uint64_t number) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    put({digits.data(), static_cast<std::size_t>(end - digits.data())});
  }
  void line(std::string_view name, std::uint64_t number) {
    put(name);
    put(" ");
    put(number);
    put("\n");
  }
  void line(std::string_view name, std::uint64_t index, std::uint64_t number) {
    put(name);
    put(index);
    put(" ");
    put(number);
    put("\n");
  }
  void line(std::string_view name, Duration duration) {
    line(name, static_cast<std::uint64_t>(duration.count()));
  }
  std::string_view text() const { return {out_.data(), used_}; }

 private:
  std::span<char> out_;
  std::size_t used_ = 0;
};

}  // namespace

std::string_view ClientRecording::header(const SessionOptions& options, std::span<char> out) const {
  HeaderWriter header(out);
  header.put("plimsoll flight 1\n");
  header.line("username_size", options.username.size());
  header.line("password_size", options.password.size());
  header.line("client_name_size", options.client_name.size());
  header.line("database", options.database);
  header.line("inflight_requests_limit", options.inflight_requests_limit);
  header.line("inflight_overflow", static_cast<std::uint64_t>(options.inflight_overflow));
  header.line("waiters_max", options.waiters_max);
  header.line("connect_timeout", options.connect_timeout);
  header.line("close_timeout", options.close_timeout);
  header.line("reconnect_wait_min", options.reconnect_wait_min);
  header.line("reconnect_wait_max", options.reconnect_wait_max);
  header.line("reconnect_attempts_max", options.reconnect_attempts_max);
  header.line("health_check_interval", options.health_check_interval);
  header.line("tombstone_age_max", options.tombstone_age_max);
  header.line("read_resends_max", options.read_resends_max);
  const TrackingOptions& tracking = options.tracking;
  header.line("tracking_method", static_cast<std::uint64_t>(tracking.method));
  header.line("tracking_required", tracking.required ? 1 : 0);
  header.line("tracking_silence_max", tracking.silence_max);
  for (std::size_t i = 0; i < tracking.prefixes.size(); ++i) {
    header.line("prefix_size_", i, tracking.prefixes[i].size());
  }
  header.line("seeds_count", options.seeds_count);
  header.line("primary_only", options.primary_only ? 1 : 0);
  header.line("random_seed", options.random_seed);
  header.line("reply_bytes_max", options.reply_bytes_max);
  header.line("begin", recorder_.records().begin.time_since_epoch());
  header.put("\n");
  return header.text();
}

void ClientRecording::record_input(FlightRecord kind, Instant now,
                                   const std::optional<Session::Rest>& rest) {
  record_rest(now, rest);
  recorder_.note_at(now, kind);
  if (kind == FlightRecord::opened) recorder_.handle_new_stream();
}

void ClientRecording::record_submit(const CommandView& command, Instant now, Duration timeout,
                                    Tag tag, const std::optional<Session::Rest>& rest) {
  record_rest(now, rest);
  const std::string_view name = name_of(command);
  recorder_.note_at(now, FlightRecord::submit,
                    {static_cast<std::uint64_t>(timeout.count()), tag, is_read(command),
                     encoded_size(command), name.size()},
                    name);
}

void ClientRecording::record_rest(Instant now, const std::optional<Session::Rest>& rest) {
  if (!rest) return;
  const Duration quiet = std::max(now - rest->quiet_since, Duration::zero());
  recorder_.note_at(now, FlightRecord::rest,
                    {static_cast<std::uint64_t>(quiet.count()), rest->backoff_draws});
}

void ClientRecording::record_action(const std::optional<Session::Action>& action, SeedId seed) {
  const std::uint64_t answer = !action ? 0 : *action == Session::Action::open ? 1 : 2;
  const std::uint64_t address = answer == 1 ? static_cast<std::uint64_t>(seed) : 0;
  recorder_.note(FlightRecord::action, {answer, address});
}

void ClientRecording::record_event(const std::optional<Event>& event) {
  if (!event) return recorder_.note(FlightRecord::no_event, {});
  const std::uint64_t code =
      event->error == nullptr ? 0 : static_cast<std::uint64_t>(event->error->code) + 1;
  recorder_.note(FlightRecord::event, {static_cast<std::uint64_t>(event->kind), event->tag, code});
}

void ClientRecording::record_answer(const Result<RequestId>& id) {
  if (id) {
    recorder_.note(FlightRecord::submitted, {*id});
  } else {
    recorder_.note(FlightRecord::refused, {static_cast<std::uint64_t>(id.error().code)});
  }
}

void ClientRecording::record_wait(std::size_t bytes, Instant now, Duration timeout, Tag tag) {
  recorder_.note_at(now, FlightRecord::wait,
                    {static_cast<std::uint64_t>(timeout.count()), tag, bytes});
}

void ClientRecording::record_admitted(const CommandView& command, Tag tag) {
  const std::string_view name = name_of(command);
  recorder_.note(FlightRecord::submit_admitted,
                 {tag, is_read(command), encoded_size(command), name.size()}, name);
}

void ClientRecording::record_closed(const Error& reason, Instant now) {
  recorder_.note_at(now, FlightRecord::closed, {static_cast<std::uint64_t>(reason.code)});
}

void ClientRecording::record_read_space(std::span<char> room) {
  room_ = room;
  recorder_.note(FlightRecord::read_space, {room.size()});
}

void ClientRecording::record_read(std::size_t bytes, Session::State state, Instant now) {
  // If read_space() was called before the recording began, the bytes that were read are not known.
  const bool known = bytes <= room_.size();
  if (!known) recorder_.note(FlightRecord::gap, {});
  const bool shaking_hands = state == Session::State::handshaking;
  recorder_.note_read(
      now, {room_.data(), known ? bytes : 0},
      shaking_hands ? FlightRecorder::Redaction::none : FlightRecorder::Redaction::of_values);
  room_ = {};
}

void ClientRecording::record_transmit(std::span<const std::string_view> room, std::size_t count) {
  std::size_t bytes = 0;
  for (std::string_view span : room.first(count)) bytes += span.size();
  recorder_.note(FlightRecord::transmit, {room.size(), bytes});
}

}  // namespace plimsoll::inline v0
