#include "plimsoll/core/client/parts_failure.h"

#include <algorithm>
#include <span>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/base/text_writer.h"
#include "plimsoll/core/resp/encoder.h"

namespace plimsoll::inline v0 {

PartsFailure::PartsFailure(const Error& error, const std::optional<Value>& server,
                           const Place* place) {
  const std::span<char> text(begin(), text_max);
  TextWriter words(text.first(words_max));
  const Result<BytesView> of_server = server ? server->as_error() : Result<BytesView>(error);
  is_of_server_ = of_server.ok();
  if (of_server) {
    of_server->for_each_piece([&words](std::string_view piece) { words.append(piece); });
  } else {
    words.append(error.what);
  }
  TextWriter where(text.subspan(words.text().size(), where_max));
  where.append(" (");
  if (place != nullptr && place->slot) {
    where.append("slot ");
    where.append(std::uint64_t{*place->slot});
  } else if (place != nullptr) {
    where.append("node");
  }
  if (place != nullptr && place->node != nullptr) {
    std::array<char, NodeAddress::text_bytes_max> address;
    where.append(" at ");
    where.append(place->node->write(address));
  }
  if (place != nullptr) where.append("; ");
  words_size_ = words.text().size();
  size_ = words_size_ + where.text().size();
}

bool PartsFailure::starts_with(std::string_view text) const {
  return std::string_view(bytes_.data() + header_bytes, size_).starts_with(text);
}

void PartsFailure::add(const Tally& tally) {
  TextWriter more(std::span<char>(begin(), text_max).subspan(size_));
  more.append(std::uint64_t{tally.run});
  more.append(" of ");
  more.append(std::uint64_t{tally.all});
  more.append(" parts of the request had run");
  if (tally.maybe_run > 0) {
    more.append(", and ");
    more.append(std::uint64_t{tally.maybe_run});
    more.append(" may have");
  }
  more.append(")");
  size_ += more.text().size();
}

const char* PartsFailure::what() {
  begin()[size_] = '\0';
  return begin();
}

std::string_view PartsFailure::wire() {
  std::array<char, encoding::header_bytes_max> header;
  const char* const end = encoding::write_header(header.data(), '!', size_);
  const auto header_size = static_cast<std::size_t>(end - header.data());
  PLIMSOLL_CHECK(header_size <= header_bytes);
  char* const wire = begin() - header_size;
  std::copy_n(header.data(), header_size, wire);
  begin()[size_] = '\r';
  begin()[size_ + 1] = '\n';
  return {wire, header_size + size_ + 2};
}

}  // namespace plimsoll::inline v0
