#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/wasm/abi.h"

// A host, with its servers, that is sensible most of the time: sessions get far enough to be worth
// breaking. The rest of the time it calls anything, with any numbers. The same seed does the same.

namespace plimsoll::test {

class CarelessHost {
 public:
  explicit CarelessHost(std::uint32_t seed) : random_(seed) {}
  ~CarelessHost();
  CarelessHost(const CarelessHost&) = delete;
  CarelessHost& operator=(const CarelessHost&) = delete;

  void step();

  /// How many events there were of each PlimsollEvent.
  const std::vector<std::uint64_t>& events() const { return events_; }

  /// Adds up every byte that this was shown, so that sanitizers see each of them read.
  std::uint64_t sum() const { return sum_; }

 private:
  struct Peer {
    std::int32_t client;
    std::string incoming;  // what its server has said and the client has not read
  };

  void create();
  void destroy(std::size_t index);
  void submit(std::int32_t client);
  void follow(Peer& peer);
  void write(Peer& peer);
  void read(Peer& peer);
  void listen(std::int32_t client);
  void blunder(std::int32_t client);
  std::string something_said();

  void look_at(std::string_view bytes);
  std::uint32_t below(std::uint32_t bound);
  bool one_in(std::uint32_t count) { return below(count) == 0; }

  std::mt19937 random_;
  double now_ = 0;
  double last_request_ = 0;
  std::uint64_t sum_ = 0;
  std::vector<std::uint64_t> events_ = std::vector<std::uint64_t>(plimsoll_event_closed + 1);
  std::vector<Peer> peers_;
  std::int32_t gone_ = 0;  // a client that was
};

}  // namespace plimsoll::test
