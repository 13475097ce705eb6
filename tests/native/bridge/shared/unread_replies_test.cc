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
using bridge::UnreadShare;

constexpr std::size_t bytes_max = 1000;
constexpr std::size_t step = 15;  // what a thread need not report
constexpr std::size_t memory_limit = bytes_max * UnreadShare::part;

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
  UnreadShare share(memory_limit, 1);
  UnreadReplies all(context.get_executor(), share);
  Holder large(all, 1);
  Holder old(all, 10);
  Holder small(all, 1);
  large.hold(690);
  old.hold(200);
  small.hold(100);
  context.run();
  CHECK_FALSE(old.is_dropped);

  small.hold(step);
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
  UnreadShare share(memory_limit, 1);
  UnreadReplies all(context.get_executor(), share);
  Holder one(all, 1);
  one.hold(bytes_max);
  {
    Holder other(all, 1);
    other.hold(step);
  }
  context.run();
  CHECK_FALSE(one.is_dropped);
}

TEST_CASE("nothing is dropped once the bridge has ended") {
  boost::asio::io_context context;
  UnreadShare share(memory_limit, 1);
  auto all = std::make_unique<UnreadReplies>(context.get_executor(), share);
  {
    Holder one(*all, 1);
    one.hold(bytes_max + step);
  }
  all.reset();
  CHECK(context.run() == 1);
}

TEST_CASE("threads have one bound together, and the greatest burden of all goes") {
  boost::asio::io_context context;
  UnreadShare share(memory_limit, 2);
  UnreadReplies one(context.get_executor(), share);
  UnreadReplies other(context.get_executor(), share);
  Holder in_one(one, 1);
  Holder in_other(other, 10);
  Holder small(one, 1);
  in_one.hold(590);
  in_other.hold(400);
  context.run();
  CHECK_FALSE(in_other.is_dropped);
  small.hold(step);
  context.restart();
  context.run();
  CHECK(in_other.is_dropped);
  CHECK_FALSE(in_one.is_dropped);
  CHECK_FALSE(small.is_dropped);
}

}  // namespace plimsoll::testing::unread_replies_test
