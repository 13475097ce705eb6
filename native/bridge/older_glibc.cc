// std::random_device of a libstdc++ that is linked statically asks arc4random(), which glibc has
// since 2.36, and would be all that keeps the release from systems with 2.35. It is asked for the
// seeds of streams that need not be secret: secrets are drawn by OpenSSL.

#include <unistd.h>

#include <cstdint>
#include <cstdlib>

extern "C" std::uint32_t arc4random() {
  std::uint32_t number = 0;
  if (getentropy(&number, sizeof(number)) != 0) std::abort();
  return number;
}
