#pragma once

namespace plimsoll::inline v0::native {

/// Call this before any other use of OpenSSL: it stops OpenSSL from cleaning up in atexit(). The
/// shared thread, and clients in static destructors, still use OpenSSL after that.
void keep_openssl();

}  // namespace plimsoll::inline v0::native
