#include "plimsoll/tests/sim/model/streams.h"

#include <algorithm>
#include <iterator>

namespace plimsoll::sim::model {
namespace {

constexpr std::uint64_t nanoseconds_per_second = 1'000'000'000;

void append_hex(std::string& text, std::uint64_t number) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) text += digits[number >> shift & 15];
}

}  // namespace

// A client that claims to have more than there was is believed, as it says what it has.
bool Stream::has_all_after(std::uint64_t number) const {
  const std::uint64_t first = log.empty() ? last + 1 : log.front().number;
  return state == Log::whole && number + 1 >= first;
}

Stream* Streams::of(ClientId reader) {
  const auto found = std::find_if(streams_.begin(), streams_.end(),
                                  [&](const Stream& each) { return each.reader == reader; });
  return found == streams_.end() ? nullptr : &*found;
}

Stream* Streams::of_name(std::string_view name) {
  const auto found = std::find_if(streams_.begin(), streams_.end(),
                                  [&](const Stream& each) { return each.name == name; });
  return found == streams_.end() ? nullptr : &*found;
}

Stream& Streams::begin(const Connection& connection, const Resumption& options) {
  options_ = options;
  std::string name;
  append_hex(name, options.salt);
  append_hex(name, ++names_);
  streams_.push_back({.name = name, .user = connection.user->name, .reader = connection.id});
  return streams_.back();
}

void Streams::forget(const Stream& stream) {
  streams_.remove_if([&](const Stream& each) { return &each == &stream; });
}

void Streams::note(Stream& stream, std::string_view push) {
  stream.log.push_back({.number = ++stream.last, .bytes = std::string(push)});
  if (stream.log.size() <= options_.pushes_max) return;
  stream.log.pop_front();
  const bool is_away = stream.where == Stream::Reader::away;
  if (is_away && stream.log.front().number > stream.last_here + 1) stream.state = Stream::Log::torn;
}

std::vector<ClientId> Streams::over(Time now) const {
  std::vector<ClientId> readers;
  for (const Stream& stream : streams_) {
    const std::uint64_t most = options_.seconds_away_max * nanoseconds_per_second;
    const bool is_away = stream.where == Stream::Reader::away;
    const bool is_late = is_away && now.nanoseconds > stream.away_since.nanoseconds + most;
    if (is_late || stream.state == Stream::Log::torn) readers.push_back(stream.reader);
  }
  return readers;
}

const Stream& Streams::at(std::size_t place) const {
  return *std::next(streams_.begin(), static_cast<std::ptrdiff_t>(place));
}

}  // namespace plimsoll::sim::model
