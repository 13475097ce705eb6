#include "plimsoll/native/bridge/shared/special_commands.h"

#include "plimsoll/core/commands/row_numbers.h"

namespace plimsoll::bridge {

bool is_special(const commands::Row& row) {
  namespace row_numbers = commands::row_numbers;
  switch (commands::number_of(row)) {
    case row_numbers::hello:
    case row_numbers::quit:
    case row_numbers::select:
    case row_numbers::multi:
    case row_numbers::exec:
    case row_numbers::discard:
    case row_numbers::watch:
    case row_numbers::unwatch:
    case row_numbers::subscribe:
    case row_numbers::psubscribe:
    case row_numbers::ssubscribe:
    case row_numbers::unsubscribe:
    case row_numbers::punsubscribe:
    case row_numbers::sunsubscribe:
    case row_numbers::client_caching:
    case row_numbers::client_getname:
    case row_numbers::client_id:
    case row_numbers::client_info:
    case row_numbers::client_no_touch:
    case row_numbers::client_setinfo:
    case row_numbers::client_setname:
    case row_numbers::client_tracking:
    case row_numbers::client_trackinginfo: return true;
    default: return false;
  }
}

}  // namespace plimsoll::bridge
