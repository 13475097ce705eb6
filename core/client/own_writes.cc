#include "plimsoll/core/client/own_writes.h"

namespace plimsoll::inline v0 {

// Without memory for its keys, all keys count as written until no side connection has a request.
void OwnWrites::note_side_request(const CommandView& command, RequestId id) {
  if (command.effect == CommandView::Effect::read) return;
  const auto remember = [&](std::uint16_t cell) {
    const bool kept =
        side_writes_.push_back({.id = id, .cell = cell}) == Queue<SideWrite>::Push::accepted;
    side_writes_unknown_ |= !kept;
  };
  const commands::Written written =
      commands::keys_changed(command, [&](std::string_view key) { remember(marks_.cell_of(key)); });
  if (written == commands::Written::anything) remember(SideWrite::all_cells);
}

void OwnWrites::follow_side_connections(const SideConnections& sides) {
  if (side_writes_unknown_) {
    marks_.mark_all();
    side_writes_unknown_ = !sides.none_is_under_way();
  }
  if (side_writes_.empty()) return;
  side_writes_.erase_if([&](const SideWrite& write) {
    if (!sides.is_answered(write.id)) return false;
    write.cell == SideWrite::all_cells ? marks_.mark_all() : marks_.mark_cell(write.cell);
    return true;
  });
}

}  // namespace plimsoll::inline v0
