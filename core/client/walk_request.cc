#include "plimsoll/core/client/walk_request.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/base/text_writer.h"
#include "plimsoll/core/resp/wire_value.h"

namespace plimsoll::inline v0 {
namespace {

// All at one moment. SCAN comes behind, and then EXEC.
constexpr std::string_view report_of_node =
    "*1\r\n$5\r\nMULTI\r\n"
    "*2\r\n$7\r\nCLUSTER\r\n$5\r\nNODES\r\n"
    "*2\r\n$7\r\nCLUSTER\r\n$4\r\nINFO\r\n"
    "*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n"
    "*2\r\n$4\r\nINFO\r\n$11\r\nreplication\r\n"
    "*2\r\n$4\r\nINFO\r\n$12\r\ncommandstats\r\n";
constexpr std::uint16_t report_parts = 5;
constexpr std::string_view end_of_transaction = "*1\r\n$4\r\nEXEC\r\n";

constexpr std::size_t page_elements = 2;  // the cursor and the keys

constexpr Error has_no_cursor{.code = ErrorCode::invalid_argument,
                              .what = "SCAN has no cursor",
                              .expected = "SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]"};
constexpr Error cursor_too_long{
    .code = ErrorCode::invalid_argument,
    .what = "the cursor of SCAN is longer than any cursor of a walk over a cluster",
    .expected = "\"0\", or the cursor that came with the page before",
    .limit = walk_cursor_bytes_max};

Error no_page(const char* what, const char* expected) {
  return {.code = ErrorCode::protocol_error,
          .executed = Executed::yes,
          .what = what,
          .expected = expected};
}
Error no_page_of_scan() {
  return no_page("the reply to SCAN is no page", "a cursor and an array of keys");
}
Error no_page_of_exec() {
  return no_page("the reply to EXEC does not have a reply for each command of a page of a walk",
                 "five texts, and perhaps a page of SCAN");
}

// Reads the beginning of an encoded request: "*3\r\n$4\r\nSCAN\r\n$1\r\n0\r\n".
class RequestWords {
 public:
  explicit RequestWords(std::string_view bytes) : left_(bytes), size_(bytes.size()) {}

  std::size_t take_number(char sign) {
    std::size_t number = 0;
    PLIMSOLL_CHECK(!left_.empty() && left_.front() == sign);
    const char* const begin = left_.data() + 1;
    const auto [end, problem] = std::from_chars(begin, left_.data() + left_.size(), number);
    PLIMSOLL_CHECK(problem == std::errc());
    left_.remove_prefix(static_cast<std::size_t>(end - left_.data()) + 2);
    return number;
  }
  // Cut off if there are not so many bytes.
  std::string_view take_word(std::size_t bytes) {
    const std::string_view word = left_.substr(0, bytes);
    left_.remove_prefix(std::min(bytes + 2, left_.size()));
    return word;
  }
  std::size_t taken() const { return size_ - left_.size(); }

 private:
  std::string_view left_;
  const std::size_t size_;
};

std::optional<std::uint64_t> cursor_in(const Value& value) {
  std::array<char, 20> text;
  const Result<BytesView> bytes = value.as_bytes();
  if (!bytes || bytes->empty() || bytes->size() > text.size()) return std::nullopt;
  bytes->copy_to(text.data());
  std::uint64_t cursor = 0;
  const char* const end = text.data() + bytes->size();
  const auto [stop, problem] = std::from_chars(text.data(), end, cursor);
  if (problem != std::errc() || stop != end) return std::nullopt;
  return cursor;
}

}  // namespace

Status WalkRequest::read(const Pipeline::Handed& request) {
  // Enough for the longest cursor with all that is in front of it.
  std::array<char, walk_cursor_bytes_max + 128> begin;
  std::array<std::string_view, 8> spans;
  std::size_t size = 0;
  const std::size_t wanted = std::min<std::size_t>(request.bytes, begin.size());
  while (size < wanted) {
    const std::size_t count = pipeline_.staged_places(request.id, size, wanted - size, spans);
    for (const std::string_view span : std::span(spans).first(count)) {
      size = static_cast<std::size_t>(copy_bytes(span, begin.data() + size) - begin.data());
    }
  }
  RequestWords words({begin.data(), size});
  const std::size_t count = words.take_number('*');
  words.take_word(words.take_number('$'));
  if (count < 2) return has_no_cursor;
  const std::size_t cursor_bytes = words.take_number('$');
  if (cursor_bytes > walk_cursor_bytes_max) {
    Error error = cursor_too_long;
    error.value = cursor_bytes;
    return error;
  }
  const Status set = walk_.set_cursor(words.take_word(cursor_bytes));
  if (!set) return set;
  id_ = request.id;
  words_at_ = static_cast<std::uint32_t>(words.taken());
  words_bytes_ = request.bytes - words_at_;
  words_count_ = static_cast<std::uint32_t>(count - 2);
  return {};
}

WalkRequest::Command::Command(const WalkRequest& request) : request_(request) {
  const bool has_report = request.ask_ != Walk::Ask::page;
  const bool has_page = request.ask_ != Walk::Ask::report_without_page;
  std::array<char, 20> cursor;
  TextWriter cursor_text(cursor);
  cursor_text.append(request.cursor_);
  if (has_report) append(report_of_node);
  if (has_page) {
    std::array<char, encoding::header_bytes_max> header;
    const auto append_header = [&](char sign, std::size_t number) {
      const char* const end = encoding::write_header(header.data(), sign, number);
      append({header.data(), static_cast<std::size_t>(end - header.data())});
    };
    append_header('*', 2 + request.words_count_);
    append("$4\r\nSCAN\r\n");
    append_header('$', cursor_text.text().size());
    append(cursor_text.text());
    append("\r\n");
  }
  view_.head = {head_.data(), head_bytes_};
  view_.head_kind = CommandView::Head::counted;
  view_.effect = CommandView::Effect::read;
  if (has_report) view_.answers = static_cast<std::uint16_t>(2 + report_parts + (has_page ? 1 : 0));
  std::size_t lists = 0;
  if (has_page) lists_[lists++] = {.items = this, .walk = &walk_words, .is_encoded = true};
  if (has_report) lists_[lists++] = {.items = this, .walk = &walk_end, .is_encoded = true};
  view_.lists = std::span(lists_).first(lists);
}

void WalkRequest::Command::append(std::string_view text) {
  PLIMSOLL_CHECK(head_bytes_ + text.size() <= head_.size());
  std::copy(text.begin(), text.end(), head_.data() + head_bytes_);
  head_bytes_ += text.size();
}

void WalkRequest::Command::walk_words(const ArgumentList& list, const ArgumentSink& sink) {
  const WalkRequest& request = static_cast<const Command*>(list.items)->request_;
  std::array<std::string_view, 8> spans;
  const std::uint64_t end = std::uint64_t{request.words_at_} + request.words_bytes_;
  for (std::uint64_t at = request.words_at_; at < end;) {
    const std::size_t count = request.pipeline_.staged_places(request.id_, at, end - at, spans);
    for (std::size_t i = 0; i < count; ++i) {
      sink(spans[i]);
      at += spans[i].size();
    }
  }
}

void WalkRequest::Command::walk_end(const ArgumentList&, const ArgumentSink& sink) {
  sink(end_of_transaction);
}

Result<WalkRequest::Answer> WalkRequest::take(const Value& answer, std::uint64_t node) {
  const bool has_report = ask_ != Walk::Ask::page;
  const bool has_page = ask_ != Walk::Ask::report_without_page;
  SelfReport report;
  std::optional<Value> page;
  if (has_report) {
    const Result<Elements> parts = answer.as_elements();
    if (!parts || parts->size() != report_parts + (has_page ? 1u : 0u)) return no_page_of_exec();
    std::size_t at = 0;
    for (const Value& part : *parts) {
      if (part.is_error()) return Answer{.refusal = part};
      if (at == report_parts) {
        page = part;
        break;
      }
      const Result<BytesView> text = part.as_bytes();
      if (!text) return no_page_of_exec();
      if (at++ > 0) {
        report.read_fields(*text);
      } else if (const Status nodes = report.read_nodes(*text); !nodes) {
        return nodes.error();
      }
    }
    if (const Status complete = report.check(); !complete) return complete.error();
  } else {
    page = answer;
  }
  if (!page) {
    walk_.take_report(report, 0);
    return Answer();
  }
  const Result<Elements> elements = page->as_elements();
  if (!elements || elements->size() != page_elements) return no_page_of_scan();
  Elements::Iterator element = elements->begin();
  const std::optional<std::uint64_t> cursor = cursor_in(*element);
  const Value keys = *++element;
  if (!cursor || !keys.as_elements()) return no_page_of_scan();
  has_report ? walk_.take_report(report, *cursor) : walk_.take_page(node, *cursor);
  return Answer{.keys = keys};
}

std::size_t WalkRequest::answer_size(const Answer& answer) const {
  constexpr std::string_view header = "*2\r\n";
  constexpr std::string_view no_keys = "*0\r\n";
  std::array<char, walk_cursor_bytes_max> room;
  return header.size() + encoding::bulk_size(walk_.write(room).size()) +
         (answer.keys ? wire_size(*answer.keys) : no_keys.size());
}

char* WalkRequest::write_answer(const Answer& answer, char* out) const {
  std::array<char, walk_cursor_bytes_max> room;
  out = encoding::write_header(out, '*', page_elements);
  out = encoding::write_bulk(out, walk_.write(room));
  return answer.keys ? write_wire(*answer.keys, out) : encoding::write_header(out, '*', 0);
}

}  // namespace plimsoll::inline v0
