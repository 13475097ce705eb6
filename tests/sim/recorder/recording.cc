#include "plimsoll/tests/sim/recorder/recording.h"

#include <charconv>

namespace plimsoll::sim {
namespace {

constexpr std::string_view magic = "plimsoll flight 1\n";

// Reads from the front; after a failure everything is empty.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}

  bool failed() const { return failed_; }
  bool empty() const { return rest_.empty(); }
  std::size_t size() const { return rest_.size(); }

  std::string_view take(std::size_t bytes) {
    if (bytes > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::string_view byte = take(1);
      if (failed_) return 0;
      const auto bits = static_cast<unsigned char>(byte[0]);
      value |= std::uint64_t{bits & 0x7fU} << shift;
      if (bits < 0x80) return value;
    }
    failed_ = true;
    return 0;
  }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

// How many numbers a record of this kind has behind its time.
std::size_t numbers_count(FlightRecord kind) {
  switch (kind) {
    case FlightRecord::submit: return 5;
    case FlightRecord::submit_admitted: return 4;
    case FlightRecord::wait:
    case FlightRecord::event: return 3;
    case FlightRecord::rest:
    case FlightRecord::transmit:
    case FlightRecord::action: return 2;
    case FlightRecord::submitted:
    case FlightRecord::refused:
    case FlightRecord::cancel:
    case FlightRecord::closed:
    case FlightRecord::read_space:
    case FlightRecord::written: return 1;
    case FlightRecord::gap:
    case FlightRecord::connect:
    case FlightRecord::close:
    case FlightRecord::abort:
    case FlightRecord::opened:
    case FlightRecord::read:
    case FlightRecord::timeout:
    case FlightRecord::poll_timeout:
    case FlightRecord::no_event: return 0;
  }
  return 0;
}

// A payload that was hidden is as long as a segment at most, but a dump may say anything.
constexpr std::uint64_t hidden_bytes_max = 1 << 20;

bool read_runs(Cursor& cursor, std::string& text) {
  while (!cursor.empty()) {
    const std::uint64_t run = cursor.number();
    if (run % 2 == 0) {
      text += cursor.take(static_cast<std::size_t>(run / 2));
    } else if (run / 2 <= hidden_bytes_max) {
      text.append(static_cast<std::size_t>(run / 2), 'x');
    } else {
      return false;
    }
  }
  return !cursor.failed();
}

bool read_record(Cursor& cursor, std::uint64_t& time, Record& record) {
  const auto kind = static_cast<unsigned char>(cursor.take(1)[0]);
  if (kind >= flight_records_count) return false;
  record.kind = static_cast<FlightRecord>(kind);
  if (has_time(record.kind)) time += cursor.number();
  record.time = time;
  for (std::size_t i = 0; i < numbers_count(record.kind); ++i) {
    record.numbers.push_back(cursor.number());
  }
  const bool submits =
      record.kind == FlightRecord::submit || record.kind == FlightRecord::submit_admitted;
  if (submits) record.text = cursor.take(static_cast<std::size_t>(record.numbers.back()));
  if (record.kind == FlightRecord::read && !read_runs(cursor, record.text)) return false;
  return !cursor.failed() && cursor.empty();
}

bool read_option(std::string_view line, Recording& recording) {
  const std::size_t blank = line.find(' ');
  if (blank == line.npos) return false;
  std::uint64_t value = 0;
  const char* const end = line.data() + line.size();
  const auto parsed = std::from_chars(line.data() + blank + 1, end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) return false;
  recording.options[std::string(line.substr(0, blank))] = value;
  return true;
}

}  // namespace

Recording read_recording(std::string_view dump, std::optional<std::string>& error) {
  Recording recording;
  const auto fail = [&](const char* what, std::size_t rest) {
    error = std::string(what) + " at byte " + std::to_string(dump.size() - rest);
    return recording;
  };
  std::string_view rest = dump;
  if (!rest.starts_with(magic)) {
    return fail("not a flight recording: it does not begin with 'plimsoll flight 1'", rest.size());
  }
  rest.remove_prefix(magic.size());
  while (true) {
    const std::size_t end = rest.find('\n');
    if (end == rest.npos) return fail("the header has no end", rest.size());
    const std::string_view line = rest.substr(0, end);
    if (!line.empty() && !read_option(line, recording)) {
      return fail("expected '<option> <number>' in the header", rest.size());
    }
    rest.remove_prefix(end + 1);
    if (line.empty()) break;
  }
  std::uint64_t time = recording.options["begin"];
  for (Cursor cursor(rest); !cursor.empty();) {
    const std::size_t before = cursor.size();
    const auto size = static_cast<std::size_t>(cursor.number());
    const std::string_view bytes = cursor.take(size);
    if (cursor.failed() || bytes.empty()) return fail("a record is cut off", before);
    Record record;
    Cursor inside(bytes);
    if (!read_record(inside, time, record)) return fail("a record makes no sense", before);
    recording.records.push_back(std::move(record));
  }
  return recording;
}

std::string_view name(FlightRecord kind) {
  switch (kind) {
    case FlightRecord::gap: return "gap";
    case FlightRecord::rest: return "rest";
    case FlightRecord::connect: return "connect";
    case FlightRecord::submit: return "submit";
    case FlightRecord::submitted: return "submitted";
    case FlightRecord::refused: return "refused";
    case FlightRecord::cancel: return "cancel";
    case FlightRecord::close: return "close";
    case FlightRecord::abort: return "abort";
    case FlightRecord::opened: return "opened";
    case FlightRecord::closed: return "closed";
    case FlightRecord::read_space: return "read_space";
    case FlightRecord::read: return "read";
    case FlightRecord::transmit: return "transmit";
    case FlightRecord::written: return "written";
    case FlightRecord::timeout: return "timeout";
    case FlightRecord::poll_timeout: return "poll_timeout";
    case FlightRecord::action: return "action";
    case FlightRecord::event: return "event";
    case FlightRecord::no_event: return "no_event";
    case FlightRecord::wait: return "wait";
    case FlightRecord::submit_admitted: return "submit_admitted";
  }
  return "unknown";
}

}  // namespace plimsoll::sim
