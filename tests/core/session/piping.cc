#include "plimsoll/tests/core/session/piping.h"

#include <span>

#include "plimsoll/core/base/error.h"

namespace plimsoll::testing {

std::string show(const Ended& ended) {
  return std::to_string(ended.tag) + " " + std::string(name(ended.code)) + " " +
         std::string(name(ended.executed));
}

RequestId Piping::submit(std::string_view bytes, Tag tag, Instant deadline) {
  return pipeline_.submit(raw(bytes), deadline, tag).value();
}

RequestId Piping::submit_read(std::string_view bytes, Tag tag, Instant deadline) {
  CommandView command = raw(bytes);
  command.effect = CommandView::Effect::read;
  return pipeline_.submit(command, deadline, tag).value();
}

std::string Piping::transmit(std::size_t spans_max) {
  std::vector<std::string_view> spans(spans_max);
  const std::size_t count = pipeline_.transmit(spans);
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += spans[i];
  return out;
}

std::string Piping::write(std::size_t spans_max) {
  std::string out = transmit(spans_max);
  pipeline_.handle_written(out.size());
  return out;
}

std::string Piping::reply() {
  switch (pipeline_.next()) {
    case Pipeline::Next::nothing: return "nothing";
    case Pipeline::Next::tombstone: pipeline_.take_part(); return "tombstone";
    case Pipeline::Next::part: {
      const Tag tag = pipeline_.next_tag();
      pipeline_.take_part();
      return "part of " + std::to_string(tag);
    }
    case Pipeline::Next::request: break;
  }
  return std::to_string(pipeline_.take_next());
}

Lines Piping::ended() {
  Lines lines;
  while (const std::optional<Ended> ended = pipeline_.next_ended()) lines.push_back(show(*ended));
  return lines;
}

Lines Piping::reconnect() {
  pipeline_.handle_connection_lost();
  Lines lines = ended();
  pipeline_.restart();
  return lines;
}

Lines Piping::lost() {
  Lines lines;
  while (const std::optional<Ended> ended = pipeline_.take_lost()) lines.push_back(show(*ended));
  pipeline_.release();
  return lines;
}

}  // namespace plimsoll::testing
