#include <algorithm>
#include <array>
#include <charconv>

#include "plimsoll/core/client/client.h"

// What a client writes into its flight recorder.

namespace plimsoll {
namespace {

// Names are no secrets, and rarely longer.
constexpr std::size_t name_bytes_max = 24;

// The command's name as it was encoded or passed: the first bulk string behind the count.
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

void Client::record_input(Instant now, FlightRecord kind) {
  record_rest(now);
  recorder_.note_at(now, kind);
}

// Where there is nothing that a replay would have to know of before.
void Client::record_rest(Instant now) {
  const std::optional<Session::Rest> rest = session_.at_rest(now);
  if (!rest || !admission_.none()) return;
  const Duration quiet = std::max(now - rest->quiet_since, Duration::zero());
  recorder_.note_at(now, FlightRecord::rest,
                    {static_cast<std::uint64_t>(quiet.count()), rest->backoff_draws});
}

// The question before the answer: it is there if what it leads to breaks a CHECK.
Result<RequestId> Client::submit_recorded(const CommandView& command, Instant now, Duration timeout,
                                          Tag tag) {
  record_rest(now);
  const std::string_view name = name_of(command);
  const std::uint64_t is_read = command.effect == CommandView::Effect::read ? 1 : 0;
  recorder_.note_at(now, FlightRecord::submit,
                    {static_cast<std::uint64_t>(timeout.count()), tag, is_read,
                     encoded_size(command), name.size()},
                    name);
  Result<RequestId> id = stage(command, now, timeout, tag);
  record_answer(id);
  return id;
}

void Client::record_admitted(const CommandView& command, Tag tag) {
  const std::string_view name = name_of(command);
  const std::uint64_t is_read = command.effect == CommandView::Effect::read ? 1 : 0;
  recorder_.note(FlightRecord::submit_admitted, {tag, is_read, encoded_size(command), name.size()},
                 name);
}

void Client::record_answer(const Result<RequestId>& id) {
  if (id) {
    recorder_.note(FlightRecord::submitted, {*id});
  } else {
    recorder_.note(FlightRecord::refused, {static_cast<std::uint64_t>(id.error().code)});
  }
}

std::optional<Event> Client::poll_recorded_event() {
  std::optional<Event> event = session_.poll_event();
  if (!event && !admission_.none()) event = poll_admission();
  if (event) {
    const std::uint64_t code =
        event->error == nullptr ? 0 : static_cast<std::uint64_t>(event->error->code) + 1;
    recorder_.note(FlightRecord::event,
                   {static_cast<std::uint64_t>(event->kind), event->tag, code});
  } else {
    recorder_.note(FlightRecord::no_event, {});
  }
  return event;
}

std::string_view Client::recording_header(std::span<char> out) const {
  HeaderWriter header(out);
  header.put("plimsoll flight 1\n");
  header.line("username_size", options().username.size());
  header.line("password_size", options().password.size());
  header.line("client_name_size", options().client_name.size());
  header.line("database", options().database);
  header.line("inflight_requests_limit", options().inflight_requests_limit);
  header.line("inflight_overflow", static_cast<std::uint64_t>(options().inflight_overflow));
  header.line("waiters_max", options().waiters_max);
  header.line("connect_timeout", options().connect_timeout);
  header.line("close_timeout", options().close_timeout);
  header.line("reconnect_wait_min", options().reconnect_wait_min);
  header.line("reconnect_wait_max", options().reconnect_wait_max);
  header.line("reconnect_attempts_max", options().reconnect_attempts_max);
  header.line("health_check_interval", options().health_check_interval);
  header.line("tombstone_age_max", options().tombstone_age_max);
  header.line("read_resends_max", options().read_resends_max);
  const TrackingOptions& tracking = options().tracking;
  header.line("tracking_method", static_cast<std::uint64_t>(tracking.method));
  header.line("tracking_required", tracking.required ? 1 : 0);
  header.line("tracking_silence_max", tracking.silence_max);
  for (std::size_t i = 0; i < tracking.prefixes.size(); ++i) {
    header.line("prefix_size_", i, tracking.prefixes[i].size());
  }
  header.line("random_seed", options().random_seed);
  header.line("reply_bytes_max", options().reply_bytes_max);
  header.line("begin", recorder_.records().begin.time_since_epoch());
  header.put("\n");
  return header.text();
}

}  // namespace plimsoll
