#include "plimsoll/native/bridge/servers.h"

#include <exception>
#include <thread>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "plimsoll/core/base/check.h"
#include "plimsoll/native/observe/accept.h"

namespace plimsoll::bridge {

namespace asio = boost::asio;
using boost::system::error_code;

struct Servers::Loop {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::unique_ptr<Server> server;
  std::thread thread;  // the first loop has none of its own
};

Servers::Servers(const Settings& settings, const VerifyToken& verify,
                 const std::map<std::string, Policy, std::less<>>& policies, Budget& budget,
                 AccessLog& log, std::size_t threads)
    : addresses_(settings.listen),
      common_(settings.limits, budget.statistics().limit, threads),
      loops_([threads] {
        PLIMSOLL_CHECK(threads > 0);
        std::vector<std::unique_ptr<Loop>> loops;
        while (loops.size() < threads) loops.push_back(std::make_unique<Loop>());
        return loops;
      }()),
      lame_duck_(context()) {
  for (const auto& loop : loops_) {
    loop->server =
        std::make_unique<Server>(loop->context, settings, verify, policies, budget, log, common_);
  }
}

// Servers first: what a loop still has may belong to the server of another. After run() has thrown,
// connections may still be there, as they may if a handler of a single loop throws; only a program
// that ends goes on from there.
Servers::~Servers() {
  for (const auto& loop : loops_) loop->server.reset();
}

asio::io_context& Servers::context() { return loops_.front()->context; }
asio::io_context& Servers::context(std::size_t thread) { return loops_[thread]->context; }
Server& Servers::server(std::size_t thread) { return *loops_[thread]->server; }

void Servers::start() {
  for (const Tcp::endpoint& endpoint : addresses_) {
    Tcp::acceptor& acceptor = acceptors_.emplace_back(context());
    native::start_listening(acceptor, endpoint);
    asio::co_spawn(context(), listen(acceptor), asio::detached);
  }
  for (const auto& loop : loops_) loop->server->start();
}

std::vector<Servers::Tcp::endpoint> Servers::endpoints() const {
  std::vector<Tcp::endpoint> all;
  for (const Tcp::acceptor& acceptor : acceptors_) all.push_back(acceptor.local_endpoint());
  return all;
}

// Of those that have equally few, each gets its turn.
Servers::Loop& Servers::least_loaded() {
  std::size_t least = (last_dealt_ + 1) % loops_.size();
  for (std::size_t i = 2; i <= loops_.size(); ++i) {
    const std::size_t other = (last_dealt_ + i) % loops_.size();
    if (loops_[other]->server->load() < loops_[least]->server->load()) least = other;
  }
  last_dealt_ = least;
  return *loops_[least];
}

asio::awaitable<void> Servers::listen(Tcp::acceptor& acceptor) {
  Loop* next = nullptr;
  const std::function<asio::any_io_executor()> choose = [this, &next] {
    next = &least_loaded();
    return asio::any_io_executor(next->context.get_executor());
  };
  const std::function<void(Tcp::socket)> take = [&next](Tcp::socket socket) {
    next->server->take(std::move(socket));
  };
  co_await native::accept_all(acceptor, choose, take);
}

void Servers::run_loop(Loop& loop) {
  try {
    loop.context.run();
  } catch (...) {
    // As if it had left a handler of the first thread.
    asio::post(context(), [what = std::current_exception()] { std::rethrow_exception(what); });
  }
}

void Servers::run() {
  const auto join = [this] {
    for (const auto& loop : loops_) {
      loop->work.reset();
      if (loop->thread.joinable()) loop->thread.join();
    }
  };
  try {
    // Throws if the system gives no more threads.
    for (const auto& loop : loops_) {
      if (loop != loops_.front()) loop->thread = std::thread([&] { run_loop(*loop); });
    }
    context().run();
  } catch (...) {
    for (const auto& loop : loops_) loop->context.stop();
    join();
    throw;
  }
  join();
  // What threads have left to each other at the very end.
  for (bool is_quiet = false; !is_quiet;) {
    is_quiet = true;
    for (const auto& loop : loops_) {
      loop->context.restart();
      if (loop->context.poll() > 0) is_quiet = false;
    }
  }
}

void Servers::drain(std::chrono::steady_clock::duration timeout, std::function<void()> done) {
  if (is_draining_) return;
  is_leaving_ = is_draining_ = true;
  when_drained_ = std::move(done);
  not_drained_ = loops_.size();
  error_code ignored;
  for (Tcp::acceptor& acceptor : acceptors_) acceptor.close(ignored);
  lame_duck_.cancel();
  for (const auto& loop : loops_) {
    // Behind the connections that were dealt to it.
    asio::post(loop->context, [this, &server = *loop->server, timeout] {
      server.drain(timeout, [this] { asio::post(context(), [this] { handle_drained(); }); });
    });
  }
}

void Servers::handle_drained() {
  if (--not_drained_ > 0) return;
  loops_.front()->work.reset();
  if (when_drained_) std::exchange(when_drained_, nullptr)();
}

void Servers::leave(std::chrono::steady_clock::duration lame_duck,
                    std::chrono::steady_clock::duration timeout, std::function<void()> done) {
  if (is_leaving_ || lame_duck == lame_duck.zero()) return drain(timeout, std::move(done));
  is_leaving_ = true;
  lame_duck_.expires_after(lame_duck);
  // drain() begins once, although the timer may already have queued this when a second call came.
  lame_duck_.async_wait([this, timeout, done = std::move(done)](const error_code& problem) {
    if (!problem) drain(timeout, done);
  });
}

void Servers::recheck(const std::function<bool(const Authorization&)>& holds) {
  for (const auto& loop : loops_) {
    asio::post(loop->context, [&server = *loop->server, holds] { server.recheck(holds); });
  }
}

asio::awaitable<Servers::Done> Servers::done() {
  Done all;
  for (const auto& loop : loops_) {
    const auto ask = [](const Server& server) -> asio::awaitable<Done> {
      co_return Done{.counters = server.all_counters(), .shared = server.shared_counters()};
    };
    const Done one =
        co_await asio::co_spawn(loop->context, ask(*loop->server), asio::use_awaitable);
    all.counters.add(one.counters);
    for (const auto& [name, shared] : one.shared) all.shared[name].add(shared);
  }
  co_return all;
}

asio::awaitable<bool> Servers::is_connected(const SharedServer& server) {
  for (const auto& loop : loops_) {
    const auto ask = [&server](const Server& of_loop) -> asio::awaitable<bool> {
      co_return of_loop.is_connected(server);
    };
    if (co_await asio::co_spawn(loop->context, ask(*loop->server), asio::use_awaitable)) {
      co_return true;
    }
  }
  co_return false;
}

}  // namespace plimsoll::bridge
