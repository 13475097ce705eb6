#pragma once

#include <fcntl.h>
#include <unistd.h>

namespace plimsoll::bridge {

/// Opens those of stdin, stdout and stderr that are closed, as nothing to read and nowhere to
/// write. Otherwise the first sockets would get their numbers, and a client what is written to
/// stdout and stderr. Call it before anything is opened.
inline void open_standard_streams() {
  int opened = 0;
  while ((opened = ::open("/dev/null", O_RDWR)) >= 0 && opened <= STDERR_FILENO) {
  }
  if (opened >= 0) ::close(opened);
}

}  // namespace plimsoll::bridge
