#include "plimsoll/native/bridge/shared/unread_replies.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing::unread_replies_test {
namespace {

using bridge::UnreadReplies;

constexpr std::size_t bytes_max = 1000;
constexpr std::size_t memory_limit = bytes_max * UnreadReplies::part;

class Holder final : public bridge::UnreadHolder {
 public:
  /// `weight`: the burden of a byte.
  Holder(UnreadReplies& all, std::size_t weight) : all_(all), weight_(weight) { all_.add(*this); }
  ~Holder() { all_.remove(*this, bytes_); }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  void hold(std::size_t bytes) {
    bytes_ += bytes;
    all_.grow(bytes);
  }

  std::uint64_t burden(std::chrono::steady_clock::time_point) const override {
    return bytes_ * weight_;
  }
  void drop(std::string_view) override {
    is_dropped = true;
    all_.shrink(bytes_);
    bytes_ = 0;
  }

  bool is_dropped = false;

 private:
  UnreadReplies& all_;
  const std::size_t weight_;
  std::size_t bytes_ = 0;
};

}  // namespace

TEST_CASE("beyond the bound the greatest burden goes, and no more than has to") {
  boost::asio::io_context context;
  UnreadReplies all(context.get_executor(), memory_limit);
  Holder large(all, 1);
  Holder old(all, 10);
  Holder small(all, 1);
  large.hold(700);
  old.hold(200);
  small.hold(100);
  context.run();
  CHECK_FALSE(old.is_dropped);

  small.hold(1);
  CHECK_FALSE(old.is_dropped);  // not within the call
  context.restart();
  context.run();
  CHECK(old.is_dropped);
  CHECK_FALSE(large.is_dropped);

  small.hold(bytes_max);
  context.restart();
  context.run();
  CHECK(small.is_dropped);
  CHECK_FALSE(large.is_dropped);
}

TEST_CASE("what was read before its turn costs nobody the connection") {
  boost::asio::io_context context;
  UnreadReplies all(context.get_executor(), memory_limit);
  Holder one(all, 1);
  one.hold(bytes_max);
  {
    Holder other(all, 1);
    other.hold(1);
  }
  context.run();
  CHECK_FALSE(one.is_dropped);
}

TEST_CASE("nothing is dropped once the bridge has ended") {
  boost::asio::io_context context;
  auto all = std::make_unique<UnreadReplies>(context.get_executor(), memory_limit);
  {
    Holder one(*all, 1);
    one.hold(bytes_max + 1);
  }
  all.reset();
  CHECK(context.run() == 1);
}

}  // namespace plimsoll::testing::unread_replies_test
