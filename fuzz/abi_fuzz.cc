#include "plimsoll/wasm/abi.h"

#include <cstddef>
#include <cstdint>

#include "plimsoll/tests/wasm/careless_host.h"

// The door of the WebAssembly module, and a host that calls anything: the input is its whims.
// Whatever these are, no call traps but by the documented errors, and the memory stays sound.

namespace plimsoll::fuzz {
namespace {

// Each whim is two bytes: enough for what a host draws among, and short inputs go far.
class WhimsOfInput final : public test::Whims {
 public:
  WhimsOfInput(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}

  bool are_over() const { return end_ - at_ < 2; }

  std::uint32_t next() override {
    if (are_over()) return 1;
    const std::uint32_t whim = at_[0] | std::uint32_t{at_[1]} << 8;
    at_ += 2;
    return whim;
  }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

}  // namespace
}  // namespace plimsoll::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static_cast<void>(plimsoll_configure(2 * 1024 * 1024));
  plimsoll::fuzz::WhimsOfInput whims(data, size);
  plimsoll::test::CarelessHost host(whims);
  while (!whims.are_over()) host.step();
  return 0;
}
