#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/core/base/time.h"
#include "plimsoll/tests/sim/random.h"
#include "plimsoll/tests/sim/schedule.h"
#include "plimsoll/tests/sim/trace.h"

// One direction of a connection: the sender's socket, the way, the receiver's socket. Both sockets
// hold a bounded number of bytes, so either side can keep the other waiting. Bytes arrive in order,
// cut and joined anywhere.

namespace plimsoll::sim {

/// How a direction of a connection behaves, for as long as that lasts.
struct Conditions {
  Duration latency_min = std::chrono::microseconds(50);
  Duration latency_max = std::chrono::microseconds(200);
  Duration time_per_byte{};                 ///< zero: any number at once
  std::size_t piece_bytes_max = SIZE_MAX;   ///< that travel together
  std::size_t send_buffer = 256 * 1024;     ///< taken from the sender, not yet arrived
  std::size_t receive_buffer = 256 * 1024;  ///< arrived, not yet read
};

class Pipe final : private Handler {
 public:
  /// Told when something changed at one of the ends.
  class Ends {
   public:
    virtual void handle_arrival(Pipe& pipe) = 0;  ///< of bytes, or of the end
    virtual void handle_room(Pipe& pipe) = 0;     ///< after write() did not take all

   protected:
    ~Ends() = default;
  };

  Pipe(Schedule& schedule, Random& random, Ends& ends)
      : schedule_(schedule), random_(random), ends_(ends) {}
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void start(const Conditions& conditions);

  // The sender.

  /// How many bytes the socket has taken. If not all, handle_room() will come.
  std::size_t write(std::string_view bytes);

  /// The end follows behind all that was written.
  void end();

  /// Of all bytes that were taken.
  const StreamHash& hash() const { return hash_; }
  bool has_unarrived() const { return arrived_ < written_; }

  // The way.

  /// Nothing arrives until release(), which lets all of it.
  void hold();
  void release();

  /// Release, and nothing slows it from here on; in which pieces bytes come may stay as it was.
  enum class Pieces : std::uint8_t { whole, as_before };
  void calm_down(Pieces pieces = Pieces::whole);

  /// What has not arrived is lost, and so is what is written from now on.
  void cut();

  // The receiver.

  /// Bytes that have arrived. Valid until read().
  std::string_view readable() const {
    return std::string_view(bytes_).substr(read_ - begin_, arrived_ - read_);
  }
  void read(std::size_t count);

  /// Nothing will come behind what is readable.
  bool has_ended() const { return end_arrived_; }

 private:
  struct Flight {
    Instant at;
    std::uint64_t end;  // of its bytes in the stream
    bool last;          // the stream ends with it
  };

  void handle(std::uint32_t what, std::uint64_t detail) override;
  void depart();
  void plan_arrival();
  void arrive();

  Schedule& schedule_;
  Random& random_;
  Ends& ends_;
  Conditions conditions_;
  std::string bytes_;  // from begin_ to written_
  std::uint64_t begin_ = 0;
  std::uint64_t read_ = 0;
  std::uint64_t arrived_ = 0;
  std::uint64_t departed_ = 0;
  std::uint64_t written_ = 0;
  std::vector<Flight> fetches_;
  std::size_t first_flight_ = 0;
  Instant way_free_at_{};
  Instant last_arrival_{};
  std::uint64_t life_ = 0;  // numbers the plans
  bool planned_ = false;
  bool held_ = false;
  bool cut_ = false;
  bool room_wanted_ = false;
  bool end_written_ = false;
  bool end_departed_ = false;
  bool end_arrived_ = false;
  StreamHash hash_;
};

}  // namespace plimsoll::sim
