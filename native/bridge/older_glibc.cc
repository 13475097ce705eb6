// Lets the release run with glibc 2.35. A statically linked libstdc++ calls arc4random() in
// std::random_device, which glibc has only since 2.36; nothing else needs a newer glibc. Only seeds
// that need not be secret are drawn with it: OpenSSL draws the secrets.

#include <unistd.h>

#include <cstdint>
#include <cstdlib>

extern "C" std::uint32_t arc4random() {
  std::uint32_t number = 0;
  if (getentropy(&number, sizeof(number)) != 0) std::abort();
  return number;
}
