#include "plimsoll/tests/sim/model/replies.h"

#include "plimsoll/tests/sim/model/numbers.h"

namespace plimsoll::sim::model {

void Replies::error(std::string_view text) {
  ++errors_;
  std::string clean = text.starts_with('-') ? std::string() : std::string("-ERR ");
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n')) text.remove_suffix(1);
  for (const char c : text) clean += c == '\r' || c == '\n' ? ' ' : c;
  output_->append(clean).append("\r\n");
}

void Replies::bulk(std::string_view bytes) {
  head('$', static_cast<std::int64_t>(bytes.size()));
  output_->append(bytes).append("\r\n", 2);
}

void Replies::bulk_integer(std::int64_t number) { bulk(to_text(number)); }

void Replies::null() { output_->append(*protocol_ == Protocol::resp3 ? "_\r\n" : "$-1\r\n"); }

void Replies::null_array() { output_->append(*protocol_ == Protocol::resp3 ? "_\r\n" : "*-1\r\n"); }

void Replies::map(std::size_t count) {
  if (*protocol_ == Protocol::resp3) {
    head('%', static_cast<std::int64_t>(count));
  } else {
    array(2 * count);
  }
}

void Replies::set(std::size_t count) {
  head(*protocol_ == Protocol::resp3 ? '~' : '*', static_cast<std::int64_t>(count));
}

void Replies::push(std::size_t count) {
  head(*protocol_ == Protocol::resp3 ? '>' : '*', static_cast<std::int64_t>(count));
}

void Replies::line(char type, std::string_view text) {
  output_->push_back(type);
  output_->append(text).append("\r\n", 2);
}

void Replies::head(char type, std::int64_t number) {
  output_->push_back(type);
  append_integer(*output_, number);
  output_->append("\r\n", 2);
}

}  // namespace plimsoll::sim::model
