#include "plimsoll/native/bridge/stream/dial.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "plimsoll/native/base/executor_life.h"
#include "plimsoll/native/runtime/name_lookups.h"
#include "plimsoll/native/runtime/runtime.h"

namespace plimsoll::bridge {
namespace {

namespace asio = boost::asio;
using asio::as_tuple;
using asio::use_awaitable;
using boost::system::error_code;

// The most that a server's answers to the login may take.
constexpr std::size_t login_bytes_max = 1024;

void append_word(std::string& command, std::string_view word) {
  command += '$';
  command += std::to_string(word.size());
  command += "\r\n";
  command += word;
  command += "\r\n";
}

using Endpoints = std::vector<asio::generic::stream_protocol::endpoint>;

// A look-up of a name. dial() waits for `over`, which the answer cancels: it comes on another
// thread, at any time, when dial() may be over, and its executor, too.
struct Lookup : std::enable_shared_from_this<Lookup> {
  explicit Lookup(const asio::any_io_executor& executor)
      : over(executor, asio::steady_timer::time_point::max()) {}

  void begin(const std::string& host) {
    wait.emplace(native::Runtime::get().name_lookups().look_up(
        host, [weak = weak_from_this(), life = native::ExecutorLife::of(over.get_executor())](
                  const native::NameLookups::Found& answer) {
          life->while_alive([&] {
            const std::shared_ptr<Lookup> self = weak.lock();
            if (self == nullptr) return;
            asio::post(self->over.get_executor(), [self, answer] {
              self->found = answer;
              self->over.cancel();
            });
          });
        }));
  }

  asio::steady_timer over;
  native::NameLookups::Found found;
  std::optional<native::NameLookups::Wait> wait;
};

// `is_looking_up` is set while a name server is waited for.
asio::awaitable<Endpoints> resolve(const native::Endpoint& endpoint, error_code& problem,
                                   bool& is_looking_up) {
  Endpoints endpoints;
  if (endpoint.kind == native::Endpoint::Kind::unix_socket) {
    endpoints.emplace_back(asio::local::stream_protocol::endpoint(endpoint.path));
    co_return endpoints;
  }
  // An address does not need the resolver, which would start a thread.
  const auto address = asio::ip::make_address(endpoint.host, problem);
  if (!problem) {
    endpoints.emplace_back(asio::ip::tcp::endpoint(address, endpoint.port));
    co_return endpoints;
  }
  const auto lookup = std::make_shared<Lookup>(co_await asio::this_coro::executor);
  is_looking_up = true;
  lookup->begin(endpoint.host);
  co_await lookup->over.async_wait(as_tuple(use_awaitable));
  is_looking_up = false;
  problem = lookup->found.problem;
  for (const asio::ip::address& each : lookup->found.addresses) {
    if (may_be_resolved_to(each)) {
      endpoints.emplace_back(asio::ip::tcp::endpoint(each, endpoint.port));
    }
  }
  co_return endpoints;
}

// Whether a server's line is about the user or the password. LOADING, or one for more than its
// maxclients, is what it tells everybody.
bool refuses_login(std::string_view line) {
  // The first words of core/session/refusals.h that are about a login, and what Redis said
  // before 6.
  constexpr std::string_view words[] = {
      "-WRONGPASS",           "-NOAUTH", "-NOPERM", "-ERR AUTH", "-ERR invalid password",
      "-ERR Client sent AUTH"};
  return std::ranges::any_of(words, [&](std::string_view each) { return line.starts_with(each); });
}

asio::awaitable<DialProblem> log_in(Stream& stream, const Profile& profile) {
  const std::string login = login_of(profile);
  const auto [unsent, sent] =
      co_await asio::async_write(stream, asio::buffer(login), as_tuple(use_awaitable));
  if (unsent) co_return DialProblem{unsent.message()};
  std::array<char, login_bytes_max> lines;
  std::size_t size = 0;
  for (;;) {
    const auto [problem, read] = co_await stream.async_read_some(
        asio::buffer(lines.data() + size, lines.size() - size), as_tuple(use_awaitable));
    if (problem) co_return DialProblem{problem.message()};
    size += read;
    LoginState state = read_login({lines.data(), size}, profile);
    if (state.is_over) {
      co_return DialProblem{.what = std::move(state.problem), .is_refused_login = state.is_refused};
    }
    if (size == lines.size()) co_return DialProblem{"the server's answer to the login is too long"};
  }
}

asio::awaitable<DialProblem> connect(Stream& stream, const Target& target, const Profile& profile,
                                     bool& is_looking_up) {
  const native::Endpoint& endpoint = target.endpoint;
  Stream::Socket& socket = stream.socket();
  error_code problem;
  const Endpoints endpoints = co_await resolve(endpoint, problem, is_looking_up);
  if (endpoints.empty()) {
    DialProblem none;
    none.what = problem ? problem.message() : "its name resolves only to link-local addresses";
    co_return none;
  }
  for (const auto& each : endpoints) {
    socket.close(problem);
    const auto [failed] = co_await socket.async_connect(each, as_tuple(use_awaitable));
    problem = failed;
    if (!problem) break;
  }
  if (problem) co_return DialProblem{problem.message()};
  if (target.tls != nullptr) {
    std::string why = co_await stream.begin_tls(*target.tls, endpoint.host);
    if (!why.empty()) co_return DialProblem{std::move(why)};
  }
  co_return co_await log_in(stream, profile);
}

}  // namespace

bool may_be_resolved_to(const asio::ip::address& address) {
  // The IPv6 address of Amazon's metadata service, which is not link-local.
  static const asio::ip::address amazons = asio::ip::make_address("fd00:ec2::254");
  if (address == amazons) return false;
  if (address.is_v4()) return (address.to_v4().to_uint() & 0xffff0000U) != 0xa9fe0000U;
  const asio::ip::address_v6 v6 = address.to_v6();
  return v6.is_v4_mapped() ? may_be_resolved_to(asio::ip::make_address_v4(asio::ip::v4_mapped, v6))
                           : !v6.is_link_local();
}

std::string login_of(const Profile& profile) {
  std::string login;
  if (!profile.password.empty()) {
    login += "*3\r\n$4\r\nAUTH\r\n";
    append_word(login, profile.username.empty() ? "default" : profile.username);
    append_word(login, profile.password);
  }
  return login + "*1\r\n$4\r\nPING\r\n";
}

LoginState read_login(std::string_view received, const Profile& profile) {
  std::size_t lines_left = profile.password.empty() ? 1 : 2;
  for (; lines_left > 0; --lines_left) {
    const std::size_t end = received.find("\r\n");
    if (end == std::string_view::npos) return {};
    if (!received.starts_with('+')) {
      std::string line(received.substr(0, end));
      return {.is_over = true, .is_refused = refuses_login(line), .problem = std::move(line)};
    }
    received.remove_prefix(end + 2);
  }
  if (!received.empty())
    return {.is_over = true, .problem = "the server sent more than it was asked for"};
  return {.is_over = true};
}

asio::awaitable<std::variant<Stream, DialProblem>> dial(
    const Target& target, const Profile& profile, std::chrono::steady_clock::duration timeout) {
  using asio::experimental::awaitable_operators::operator||;
  Stream::Socket socket(co_await asio::this_coro::executor);
  Stream stream(std::move(socket));
  asio::steady_timer timer(stream.get_executor(), timeout);
  bool is_looking_up = false;
  const auto first = co_await (connect(stream, target, profile, is_looking_up) ||
                               timer.async_wait(as_tuple(use_awaitable)));
  if (first.index() == 1) {
    co_return DialProblem{is_looking_up
                              ? "the look-up of its name did not end within connect_timeout"
                              : "no answer within connect_timeout"};
  }
  const DialProblem& problem = std::get<0>(first);
  if (!problem.what.empty()) co_return problem;
  co_return std::move(stream);
}

}  // namespace plimsoll::bridge
