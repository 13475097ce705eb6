#include "plimsoll/native/bridge/relay/server_end.h"

#include <boost/asio/error.hpp>

namespace plimsoll::bridge {

void ServerEnd::begin() {
  Problem ignored;
  if (stream() != nullptr) stream()->socket().non_blocking(true, ignored);
}

std::size_t ServerEnd::read_now(std::span<char> space, Problem& problem) {
  return stream() != nullptr ? stream()->read_now(space, problem)
                             : session().read_now(space, problem);
}

std::size_t ServerEnd::write_now(std::string_view bytes, Problem& problem) {
  return stream() != nullptr ? stream()->write_now(bytes, problem)
                             : session().write_now(bytes, problem);
}

// A session's bytes show when one waits for them.
bool ServerEnd::holds_bytes() { return stream() != nullptr && stream()->holds_bytes(); }

bool ServerEnd::has_ended() {
  return stream() != nullptr ? stream()->has_ended() : session().has_ended();
}

std::size_t ServerEnd::available_bytes() {
  return stream() != nullptr ? stream()->available_bytes() : session().available_bytes();
}

std::string ServerEnd::words_of(const Problem& problem) {
  const bool is_of_socket = stream() != nullptr || session().why().empty();
  return is_of_socket ? problem.message() : session().why();
}

void ServerEnd::close() {
  if (stream() != nullptr) return stream()->close();
  if (const auto& session = std::get<std::shared_ptr<SharedSession>>(end_)) session->close();
}

}  // namespace plimsoll::bridge
