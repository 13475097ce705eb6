#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

// What all sessions hold for clients that have not taken it: replies and messages. A large reply is
// held whole until its last byte is taken. All of it lies in the pool that replies of all clients
// are read into, so what nobody takes would leave no room for the replies of others. When it is too
// much, the holder goes that is the largest burden: bytes times the time since its client took
// some. By size alone a client that has just been sent a large reply would go in place of those
// that sit on theirs.

namespace plimsoll::bridge {

class UnreadHolder {
 public:
  /// Bytes that are held for the client, times the milliseconds since it has taken some.
  virtual std::uint64_t burden(std::chrono::steady_clock::time_point now) const = 0;

  /// Ends it, and gives back its memory, without a wait for the client to read.
  virtual void drop(std::string_view why) = 0;

 protected:
  ~UnreadHolder() = default;
};

class UnreadReplies {
 public:
  /// The part of the memory line that they may take: one in so many.
  static constexpr std::size_t part = 8;

  UnreadReplies(boost::asio::any_io_executor executor, std::size_t memory_limit)
      : executor_(std::move(executor)), bytes_max_(memory_limit / part) {}
  UnreadReplies(const UnreadReplies&) = delete;
  UnreadReplies& operator=(const UnreadReplies&) = delete;
  ~UnreadReplies() { *self_ = nullptr; }

  /// A holder begins, and ends with `bytes` left.
  void add(UnreadHolder& holder) { holders_.insert(&holder); }
  void remove(UnreadHolder& holder, std::size_t bytes) {
    bytes_ -= bytes;
    holders_.erase(&holder);
  }

  /// One of them has so many bytes more, or less. If they are too many, a holder is dropped, but
  /// not within this call.
  void grow(std::size_t bytes);
  void shrink(std::size_t bytes) { bytes_ -= bytes; }

 private:
  void make_room();

  const boost::asio::any_io_executor executor_;
  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::set<UnreadHolder*> holders_;
  bool is_making_room_ = false;
  // What a posted call refers to; null once this object is gone.
  const std::shared_ptr<UnreadReplies*> self_ = std::make_shared<UnreadReplies*>(this);
};

}  // namespace plimsoll::bridge
