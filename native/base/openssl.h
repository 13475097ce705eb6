#pragma once

namespace plimsoll::native {

/// To be called before OpenSSL is used for anything: it does not clean up when the process ends.
/// The shared thread, and clients in static destructors, outlive what atexit() would clean up.
void keep_openssl();

}  // namespace plimsoll::native
