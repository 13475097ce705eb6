#include "plimsoll/native/container/notices.h"

namespace plimsoll::inline v0::native::container {

Notices::~Notices() {
  for (const Notice& notice : all_) {
    if (notice.line.empty()) {
      log(notice.severity, notice.event_name, notice.body);
      continue;
    }
    log(notice.severity, notice.event_name, notice.body,
        {{"plimsoll.memory.limit", notice.line},
         {"plimsoll.container.limit", notice.limit},
         {"plimsoll.container.file", notice.file}});
  }
}

}  // namespace plimsoll::inline v0::native::container
