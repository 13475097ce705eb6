#include "plimsoll/tests/sim/model/comparison/both_servers.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "plimsoll/tests/sim/model/comparison/frames.h"
#include "plimsoll/tests/support/test_timeout.h"

namespace plimsoll::sim::model {
namespace {

Time clock_time() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(since_epoch).count())};
}

std::chrono::milliseconds patience() {
  return testing::test_timeout(std::chrono::milliseconds(3000));
}

// Asks for CLIENT ID on a new connection, and leaves it as it was.
std::string question(const ServerOptions& options) {
  std::string ask = request({"CLIENT", "ID"});
  for (const User& user : options.users) {
    if (user.name != "default" || !user.password) continue;
    return request({"AUTH", *user.password}) + ask + request({"RESET"});
  }
  return ask;
}

std::vector<std::string_view> sorted_lines(std::string_view bytes) {
  std::vector<std::string_view> lines;
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size() - 1) + 1;
    lines.push_back(bytes.substr(0, end));
    bytes.remove_prefix(end);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::size_t total_size(const std::vector<std::string>& all) {
  std::size_t size = 0;
  for (const std::string& one : all) size += one.size();
  return size;
}

// Words in place of arrays of bulk strings.
std::string readable_requests(std::string_view bytes) {
  std::string text;
  for (const std::string& frame : frames(bytes)) {
    std::string_view rest = frame;
    if (rest.starts_with('*')) rest.remove_prefix(rest.find('\n') + 1);
    while (rest.starts_with('$')) {
      const std::size_t end = frame_end(rest).value_or(rest.size());
      const std::string_view bulk = rest.substr(0, end);
      text += readable(bulk.substr(bulk.find('\n') + 1, bulk.size() - bulk.find('\n') - 3)) + " ";
      rest.remove_prefix(end);
    }
    text += readable(rest) + "| ";
    bytes.remove_prefix(frame.size());
  }
  return text + readable(bytes);
}

}  // namespace

BothServers::BothServers(std::string socket_path, ServerOptions options)
    : socket_path_(std::move(socket_path)), ask_(question(options)), model_(std::move(options)) {}

std::size_t BothServers::connect() {
  Pair pair{RealConnection(socket_path_), model_.accept(clock_time())};
  pair.real.send(ask_);
  const std::size_t answers = frames(ask_).size();
  while (frames(pair.real.received()).size() < answers) {
    if (pair.real.read(patience()) != RealConnection::Read::bytes) {
      throw std::runtime_error("the real server does not answer");
    }
  }
  // Numbers only grow, in both: the model's catch up.
  for (int tries = 0; tries < 1'000'000; ++tries) {
    model_.handle_bytes(pair.model, ask_, clock_time());
    if (model_.take_output(pair.model) == pair.real.received()) break;
    model_.disconnect(pair.model);
    pair.model = model_.accept(clock_time());
  }
  pair.real.received().clear();
  pairs_.push_back(std::move(pair));
  said_ += std::to_string(pairs_.size() - 1) + " connects\n";
  return pairs_.size() - 1;
}

void BothServers::send(std::size_t connection, std::string_view bytes) {
  send_only(connection, bytes);
  model_.end_turn();
  compare();
}

void BothServers::send_only(std::size_t connection, std::string_view bytes) {
  said_ += std::to_string(connection) + "> " + readable_requests(bytes) + "\n";
  model_.handle_bytes(pairs_[connection].model, bytes, clock_time());
  pairs_[connection].real.send(bytes);
}

void BothServers::compare() {
  for (std::size_t number = 0; number < pairs_.size(); ++number) compare(number);
}

void BothServers::compare(std::size_t number) {
  Pair& pair = pairs_[number];
  const std::string expected = model_.take_output(pair.model);
  std::vector<std::string> from_model = frames(expected);
  if (total_size(from_model) != expected.size()) {
    compare_bytes(number, expected);
    from_model.clear();
  }
  std::vector<std::string> from_real = frames(pair.real.received());
  while (from_real.size() < from_model.size()) {
    if (pair.real.read(patience()) != RealConnection::Read::bytes) {
      fail(number, "the real server says less", pair.real.received(), expected);
    }
    from_real = frames(pair.real.received());
  }
  sort_unordered(from_model);
  sort_unordered(from_real);
  if (from_real.size() > from_model.size()) {
    fail(number, "the real server says more", pair.real.received(), expected);
  }
  if (!std::equal(from_real.begin(), from_real.end(), from_model.begin(), from_model.end(),
                  same_frame)) {
    fail(number, "they differ", pair.real.received(), expected);
  }
  pair.real.received().clear();
  if (model_.closing(pair.model) != Closing::no) compare_end(number);
}

// Where the servers owe a reply that never comes, in a transaction, the frames have no ends.
void BothServers::compare_bytes(std::size_t number, const std::string& expected) {
  RealConnection& real = pairs_[number].real;
  while (real.received().size() < expected.size()) {
    if (real.read(patience()) != RealConnection::Read::bytes) break;
  }
  // Nor is it known where an order is arbitrary.
  if (sorted_lines(real.received()) != sorted_lines(expected))
    fail(number, "they differ", real.received(), expected);
  real.received().clear();
}

void BothServers::compare_end(std::size_t number) {
  Pair& pair = pairs_[number];
  for (;;) {
    const RealConnection::Read read = pair.real.read(patience());
    if (read == RealConnection::Read::end) break;
    if (read == RealConnection::Read::nothing)
      fail(number, "the real server does not close", "", "");
  }
  if (!pair.real.received().empty()) {
    fail(number, "the real server says more at the end", pair.real.received(), "");
  }
  model_.disconnect(pair.model);
  ++ends_;
  const std::size_t fresh = connect();
  said_ += std::to_string(fresh) + " becomes " + std::to_string(number) + "\n";
  pairs_[number] = std::move(pairs_[fresh]);
  pairs_.pop_back();
}

void BothServers::let_time_pass() {
  said_ += "time passes\n";
  const std::int64_t before = clock_time().milliseconds();
  while (clock_time().milliseconds() < before + 5) {
  }
}

bool BothServers::is_blocked(std::size_t connection) const {
  return model_.is_blocked(pairs_[connection].model);
}

std::string BothServers::client_id(std::size_t connection) {
  const ClientId client = pairs_[connection].model;
  model_.handle_bytes(client, request({"CLIENT", "ID"}), clock_time());
  const std::string reply = model_.take_output(client);
  return reply.substr(1, reply.size() - 3);
}

void BothServers::remove_expired() { model_.handle_time(clock_time()); }

void BothServers::fail(std::size_t number, std::string_view what, std::string_view real,
                       std::string_view model) const {
  throw std::runtime_error(said_ + "connection " + std::to_string(number) + ": " +
                           std::string(what) + "\nreal:  " + readable(real) +
                           "\nmodel: " + readable(model));
}

std::string readable(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes.substr(0, 2000)) {
    if (c == '\r') {
      text += "\\r";
    } else if (c == '\n') {
      text += "\\n";
    } else if (c >= ' ' && c <= '~') {
      text += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      text.append("\\x").append(1, digits[byte / 16]).append(1, digits[byte % 16]);
    }
  }
  return text;
}

std::string request(const std::vector<std::string>& words) {
  std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    bytes.append("$").append(std::to_string(word.size())).append("\r\n");
    bytes.append(word).append("\r\n");
  }
  return bytes;
}

}  // namespace plimsoll::sim::model
