#include "plimsoll/bench/memory/watch.h"

#include <algorithm>
#include <utility>

#include "plimsoll/bench/memory/attribution.h"
#include "plimsoll/bench/memory/process.h"

namespace plimsoll::bench {
namespace {

constexpr auto pause = std::chrono::milliseconds(10);
constexpr std::size_t looks_max = 20'000;

double most_of(const Look* begin, const Look* end, std::size_t Look::* member) {
  std::size_t most = 0;
  for (const Look* look = begin; look != end; ++look) most = std::max(most, look->*member);
  return static_cast<double>(most);
}

}  // namespace

Watch::Watch(std::function<std::size_t()> used) : used_(std::move(used)) {
  looks_.reserve(looks_max);
  thread_ = std::thread([this] { run(); });
}

Watch::~Watch() {
  if (thread_.joinable()) stop();
}

std::vector<Look> Watch::stop() {
  stopping_ = true;
  thread_.join();
  return std::move(looks_);
}

void Watch::run() {
  const WorkFor own(Owner::bench);
  while (!stopping_ && looks_.size() < looks_max) {
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start_;
    looks_.push_back({seconds.count(), used_(), rss_bytes()});
    std::this_thread::sleep_for(pause);
  }
}

double growth(const std::vector<Look>& looks, std::size_t Look::* member) {
  const Look* const begin = looks.data();
  const Look* const end = begin + looks.size();
  const Look* const middle = begin + looks.size() / 2;
  return std::max(0.0, most_of(middle, end, member) - most_of(begin, middle, member));
}

double most(const std::vector<Look>& looks, std::size_t Look::* member) {
  return most_of(looks.data(), looks.data() + looks.size(), member);
}

}  // namespace plimsoll::bench
