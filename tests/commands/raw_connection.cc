#include "plimsoll/tests/commands/raw_connection.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <chrono>
#include <stdexcept>

#include "plimsoll/tests/support/test_timeout.h"

namespace plimsoll::testing {

RawConnection::RawConnection(const std::string& socket_path)
    : budget_(BudgetOptions(), memory_),
      account_(budget_.open_account(PoolKind::replies)),
      reader_(*account_, ReaderOptions()),
      socket_(connect_to(unix_address(socket_path))) {
  if (!socket_.open()) throw std::runtime_error("nobody listens at " + socket_path);
  timeval limit{};
  limit.tv_sec =
      std::chrono::duration_cast<std::chrono::seconds>(test_timeout(std::chrono::seconds(15)))
          .count();
  checked(::setsockopt(socket_.number(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)),
          "setsockopt");
}

void RawConnection::send(std::span<const std::string> words) {
  std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    bytes += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  for (std::string_view rest = bytes; !rest.empty();) {
    const ssize_t sent = ::send(socket_.number(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent <= 0) throw std::runtime_error("the server takes no more: " + words.front());
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
}

Value RawConnection::call(std::span<const std::string> words) {
  send(words);
  while (reader_.next(true) == Reader::Poll::need_more) {
    const std::span<char> space = reader_.read_space();
    const ssize_t received = ::recv(socket_.number(), space.data(), space.size(), 0);
    if (received <= 0) throw std::runtime_error("no reply to " + words.front());
    reader_.handle_read(static_cast<std::size_t>(received));
  }
  return reader_.value();
}

}  // namespace plimsoll::testing
