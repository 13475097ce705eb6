#include "plimsoll/tests/sim/model/request_reader.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "plimsoll/tests/sim/model/inline_words.h"
#include "plimsoll/tests/sim/model/numbers.h"

namespace plimsoll::sim::model {
namespace {

constexpr std::size_t line_bytes_max = std::size_t{64} * 1024;
constexpr std::int64_t unauthenticated_bulks_max = 10;
constexpr std::int64_t unauthenticated_bulk_bytes_max = 16384;

// The server searches with strchr(): a line does not end behind a zero byte.
std::optional<std::size_t> find_in_line(std::string_view text, char wanted) {
  const std::size_t found = text.find(wanted);
  if (found == std::string_view::npos) return std::nullopt;
  const std::size_t zero = text.substr(0, found).find('\0');
  if (zero != std::string_view::npos) return std::nullopt;
  return found;
}

// Where the line ends: at a carriage return, behind which one more byte has come.
std::optional<std::size_t> line_end(std::string_view text) {
  const std::optional<std::size_t> found = find_in_line(text, '\r');
  if (!found || *found + 2 > text.size()) return std::nullopt;
  return found;
}

bool too_long_for_a_line(std::string_view text) {
  return text.size() > line_bytes_max && !find_in_line(text, '\r');
}

}  // namespace

void RequestReader::begin(std::string_view bytes) {
  if (kept_.empty()) {
    input_ = bytes;
  } else {
    kept_.append(bytes);
    input_ = kept_;
  }
}

void RequestReader::end() {
  if (start_ == input_.size()) {
    kept_.clear();
  } else if (kept_.empty()) {
    kept_.assign(input_.substr(start_));
  } else {
    kept_.erase(0, start_);
  }
  start_ = 0;
  input_ = {};
}

RequestReader::Found RequestReader::next(Trust trust) {
  if (!error_.empty()) return Found::protocol_error;
  if (bulks_left_ > 0) return next_multibulk(trust);
  for (;;) {
    if (rest().empty()) return Found::incomplete;
    if (expects_ == Expects::any_request && rest().front() == '*') break;
    const Found found = next_inline();
    if (found != Found::request || expects_ == Expects::any_request) return found;
  }
  const Found begun = begin_multibulk(trust);
  return begun == Found::request && bulks_left_ > 0 ? next_multibulk(trust) : begun;
}

RequestReader::Found RequestReader::next_inline() {
  const std::string_view text = rest();
  const std::optional<std::size_t> newline = find_in_line(text, '\n');
  if (!newline) {
    return text.size() > line_bytes_max ? fail("too big inline request") : Found::incomplete;
  }
  std::string_view line = text.substr(0, *newline);
  if (line.ends_with('\r')) line.remove_suffix(1);

  std::optional<std::vector<std::string>> words = inline_words(line);
  if (!words) return fail("unbalanced quotes in request");
  unquoted_ = std::move(*words);
  arguments_.assign(unquoted_.begin(), unquoted_.end());
  start_ += *newline + 1;
  // Blanks are not even an empty request, and leave the server waiting for an inline one.
  const bool is_blank = !line.empty() && unquoted_.empty();
  expects_ = is_blank ? Expects::inline_request : Expects::any_request;
  return Found::request;
}

// An array's head. An array of nothing is a whole request.
RequestReader::Found RequestReader::begin_multibulk(Trust trust) {
  const std::string_view text = rest();
  const std::optional<std::size_t> end = line_end(text);
  if (!end) {
    return too_long_for_a_line(text) ? fail("too big mbulk count string") : Found::incomplete;
  }
  const std::optional<std::int64_t> count = parse_integer(text.substr(1, *end - 1));
  if (!count || *count > std::numeric_limits<std::int32_t>::max()) {
    return fail("invalid multibulk length");
  }
  if (*count > unauthenticated_bulks_max && trust == Trust::unauthenticated) {
    return fail("unauthenticated multibulk length");
  }
  pieces_.clear();
  position_ = *end + 2;
  if (*count <= 0) return finish(position_);
  bulks_left_ = static_cast<std::size_t>(*count);
  return Found::request;
}

RequestReader::Found RequestReader::next_multibulk(Trust trust) {
  while (bulks_left_ > 0) {
    if (const Found found = next_bulk(trust); found != Found::request) return found;
  }
  return finish(position_);
}

RequestReader::Found RequestReader::next_bulk(Trust trust) {
  if (!in_bulk_) {
    const std::string_view text = rest();
    const std::optional<std::size_t> end = line_end(text);
    if (!end) {
      return too_long_for_a_line(text) ? fail("too big bulk count string") : Found::incomplete;
    }
    if (text.front() != '$') return fail(std::string("expected '$', got '") + text.front() + "'");
    const std::optional<std::int64_t> size = parse_integer(text.substr(1, *end - 1));
    if (!size || *size < 0 || static_cast<std::uint64_t>(*size) > bulk_bytes_max_) {
      return fail("invalid bulk length");
    }
    if (*size > unauthenticated_bulk_bytes_max && trust == Trust::unauthenticated) {
      return fail("unauthenticated bulk length");
    }
    position_ += *end + 2;
    bulk_size_ = static_cast<std::size_t>(*size);
    in_bulk_ = true;
  }
  // The two bytes behind a bulk string are counted, not looked at.
  if (rest().size() < bulk_size_ + 2) return Found::incomplete;
  pieces_.push_back({position_, bulk_size_});
  position_ += bulk_size_ + 2;
  in_bulk_ = false;
  --bulks_left_;
  return Found::request;
}

RequestReader::Found RequestReader::finish(std::size_t end) {
  arguments_.clear();
  for (const Piece& piece : pieces_) {
    arguments_.push_back(input_.substr(start_ + piece.begin, piece.size));
  }
  start_ += end;
  position_ = 0;
  return Found::request;
}

RequestReader::Found RequestReader::fail(std::string text) {
  error_ = "Protocol error: " + std::move(text);
  return Found::protocol_error;
}

}  // namespace plimsoll::sim::model
