#include "plimsoll/tests/sim/injector.h"

#include "plimsoll/tests/sim/line_options.h"

namespace plimsoll::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Faults that strike at a moment. The others are habits of links and users, or of the whole world.
constexpr std::array struck = {
    Fault::reset,
    Fault::orderly_close,
    Fault::half_close,
    Fault::silence,
    Fault::blackhole,
    Fault::refused_connect,
    Fault::slow_connect,
    Fault::unanswered_connect,
    Fault::restart,
    Fault::data_loss,
    Fault::loading,
    Fault::stall,
    Fault::slow_server,
    Fault::extra_reply,
    Fault::truncated_reply,
    Fault::garbage,
    Fault::oversized_reply,
    Fault::error_reply,
    Fault::stray_push,
    Fault::kick,
    Fault::max_clients,
    Fault::wrong_password,
    Fault::busy,
    Fault::primary_down,
    Fault::protected_mode,
    Fault::no_permission,
    Fault::old_protocol,
    Fault::no_database,
    Fault::rotation,
    Fault::refused_memory,
    Fault::refused_segments,
    Fault::refused_blocks,
    Fault::squeezed_memory,
    Fault::moved_line,
    Fault::time_jump,
};

}  // namespace

Injector::Injector(Environment& environment, const Targets& targets)
    : environment_(environment),
      targets_(targets),
      random_(environment.scenario.seed, Random::Purpose::faults) {
  for (const Fault fault : struck) {
    if (environment.scenario.faults.has(fault)) choices_.push_back(fault);
  }
  // Where memory is short it is also fought for.
  const FaultSet& faults = environment.scenario.faults;
  if (faults.has(Fault::squeezed_memory) && faults.has(Fault::tight_limit)) {
    choices_.insert(choices_.end(), 4, Fault::squeezed_memory);
  }
}

void Injector::start() {
  if (!choices_.empty()) plan_strike();
}

void Injector::plan_strike() {
  const Duration interval = environment_.scenario.fault_interval;
  environment_.schedule.plan(random_.between(Duration::zero(), 2 * interval), *this, strike);
}

void Injector::handle(std::uint32_t what, std::uint64_t detail) {
  if (environment_.calm) return;
  switch (static_cast<Plan>(what)) {
    case strike: inject(choices_[random_.below(choices_.size())]); return plan_strike();
    case end_refusals:
      if (detail == refusals_) end_refusals_of_memory();
      return;
    case end_squeeze:
      if (detail == squeezes_) release_squeeze();
      return;
  }
}

// Short mostly, long sometimes.
Duration Injector::some_time(Duration most) {
  const auto most_microseconds = static_cast<std::uint64_t>(most / microseconds(1));
  return microseconds(1 + random_.skewed(most_microseconds));
}

void Injector::inject(Fault fault) {
  switch (fault) {
    case Fault::restart: some_server().restart(Server::Data::kept); break;
    case Fault::data_loss: some_server().restart(Server::Data::lost); break;
    case Fault::stall: some_server().stall(some_time(seconds(8))); break;
    case Fault::slow_server: some_server().slow_down(some_time(seconds(3))); break;
    case Fault::extra_reply:
    case Fault::truncated_reply:
    case Fault::garbage:
    case Fault::oversized_reply:
    case Fault::error_reply:
    case Fault::stray_push: return some_server().lie(fault);  // counted when it is told
    case Fault::kick: return some_server().kick();
    case Fault::orderly_close: return some_server().close_one();
    case Fault::half_close: return some_server().half_close_one();
    case Fault::loading:
    case Fault::max_clients:
    case Fault::wrong_password:
    case Fault::busy:
    case Fault::primary_down:
    case Fault::protected_mode:
    case Fault::no_permission:
    case Fault::old_protocol:
    case Fault::no_database: some_server().impose(fault, some_time(seconds(3))); break;
    case Fault::refused_memory:
    case Fault::refused_segments:
    case Fault::refused_blocks: return refuse_memory(fault, some_time(seconds(1)));
    case Fault::rotation: {
      environment_.passwords.push_back("p" + std::to_string(environment_.passwords.size()));
      environment_.note("world", 0, "servers have new passwords");
      const Duration overlap = some_time(seconds(4));
      for (const auto& server : targets_.servers) server->rotate_password(overlap);
      break;
    }
    case Fault::moved_line: return move_line();
    case Fault::squeezed_memory: return squeeze(some_time(seconds(1)));
    case Fault::time_jump: {
      const Duration time = some_time(seconds(20));
      environment_.note("time", 0, "jumps by %", time);
      environment_.schedule.jump(time);
      environment_.jumped_until = environment_.now();
      break;
    }
    default: return inject_network_fault(fault);
  }
  environment_.coverage.count(fault);
}

void Injector::inject_network_fault(Fault fault) {
  Network& network = environment_.network;
  // Drawn one by one: arguments are evaluated in an order that compilers choose.
  const std::size_t door = some_door();
  const Duration closed_for = some_time(seconds(3));
  switch (fault) {
    // These count when an attempt meets them.
    case Fault::refused_connect: return network.refuse_connections(door, closed_for);
    case Fault::slow_connect: return network.delay_connections(door, closed_for);
    case Fault::unanswered_connect: return network.ignore_connections(door, closed_for);
    default: break;
  }
  Link* const link = network.pick();
  if (link == nullptr) return;
  const Duration time = some_time(seconds(10));
  environment_.note("connection", link->serial(), "%, %", name(fault), time);
  switch (fault) {
    case Fault::reset: link->reset(); break;
    case Fault::silence: link->silence(time); break;
    case Fault::blackhole: link->hold(static_cast<Link::Direction>(random_.below(3)), time); break;
    default: return;
  }
  environment_.coverage.count(fault);
}

// Counted when somebody meets it.
void Injector::refuse_memory(Fault what, Duration time) {
  end_refusals_of_memory();
  some_line().memory().refuse(what, static_cast<std::uint32_t>(random_.between(1, 10)));
  environment_.note("memory", 0, "%: now and then, for %", name(what), time);
  environment_.schedule.plan(time, *this, end_refusals, ++refusals_);
}

// Nobody is told.
void Injector::end_refusals_of_memory() {
  for (const auto& line : targets_.lines) line->memory().refuse_nothing();
}

// Somebody else uses nearly all that is left of a pool.
void Injector::squeeze(Duration time) {
  release_squeeze();
  Budget& budget = some_line().budget();
  constexpr std::array pools = {PoolKind::requests, PoolKind::replies, PoolKind::replies,
                                PoolKind::connections};
  const PoolKind pool = random_.one_of(pools);
  fill(budget, pool);
  if (squeezers_.empty()) return;
  environment_.note("memory", 0, "% pool is full for %", name(pool), time);
  environment_.coverage.count(Fault::squeezed_memory);
  environment_.schedule.plan(time, *this, end_squeeze, ++squeezes_);
}

void Injector::fill(Budget& budget, PoolKind pool) {
  Squeezer squeezer{.account = budget.open_account(pool)};
  if (!squeezer.account) return;
  for (std::size_t bytes = budget.limit(pool); bytes >= 64; bytes /= 2) {
    if (squeezer.account->charge(bytes)) squeezer.bytes += bytes;
  }
  squeezers_.push_back(std::move(squeezer));
}

void Injector::release_squeeze() {
  for (Squeezer& squeezer : squeezers_) {
    if (squeezer.bytes > 0) squeezer.account->release(squeezer.bytes);
  }
  squeezers_.clear();
}

// Somewhere around where it was, mostly within reach of what is used; or all is drawn anew.
void Injector::move_line() {
  WatchedLine& line = some_line();
  const std::size_t first = line.first_options().memory_limit;
  const std::size_t used = line.budget().statistics().used;
  const std::size_t near = random_.between(used / 2, used + used / 2);
  const std::size_t far = random_.between(first / 4, first * 2);
  BudgetOptions options = draw_line(random_, environment_.scenario.faults);
  const std::uint64_t kind = random_.below(4);
  if (kind == 0) return line.configure(options);
  options = line.budget().options();
  options.memory_limit = kind == 1 ? first : kind == 2 ? near : far;
  line.configure(options);
}

void Injector::begin_drought() {
  release_squeeze();
  for (const auto& line : targets_.lines) fill(line->budget(), PoolKind::replies);
  environment_.note("memory", 0, "the replies pool stays full");
  environment_.coverage.count(Fault::dry_replies);
}

void Injector::calm_down() {
  end_refusals_of_memory();
  release_squeeze();
  for (const auto& line : targets_.lines) line->configure(line->first_options());
}

}  // namespace plimsoll::sim
