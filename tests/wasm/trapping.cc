// What the module would be if it had a bug: a call that fails a CHECK.

#include "plimsoll/core/base/check.h"

extern "C" __attribute__((export_name("fail_a_check"))) void fail_a_check(int wanted) {
  PLIMSOLL_CHECK(wanted == 0);
}
