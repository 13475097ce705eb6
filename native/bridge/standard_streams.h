#pragma once

#include <fcntl.h>
#include <unistd.h>

namespace plimsoll::bridge {

/// Opens /dev/null in the place of stdin, stdout and stderr if they are closed. Otherwise a socket
/// could get number 1 or 2, and its client would receive what the bridge prints. Call it before
/// anything else is opened.
inline void open_standard_streams() {
  int opened = 0;
  while ((opened = ::open("/dev/null", O_RDWR)) >= 0 && opened <= STDERR_FILENO) {
  }
  if (opened >= 0) ::close(opened);
}

}  // namespace plimsoll::bridge
