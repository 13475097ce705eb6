#include "plimsoll/native/sync/blocking.h"

namespace plimsoll::inline v0::native {

Error refused_in_callback() {
  return Error(plimsoll::Error{
      .code = ErrorCode::refused_command,
      .what = "a callback of a SyncClient cannot call a SyncClient, because it would wait for "
              "itself",
      .expected = "another thread for this call"});
}

Error inherited_by_fork() {
  return Error(plimsoll::Error{.code = ErrorCode::forked,
                               .what = "this client belongs to the parent process",
                               .expected = "connect() in the child"});
}

}  // namespace plimsoll::inline v0::native
