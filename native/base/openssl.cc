#include "plimsoll/native/base/openssl.h"

#include <openssl/crypto.h>

namespace plimsoll::inline v0::native {

void keep_openssl() {
  static const int kept = OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
  static_cast<void>(kept);
}

}  // namespace plimsoll::inline v0::native
