#pragma once

#include <optional>

#include "plimsoll/core/client/client.h"

namespace plimsoll::exhaustive {

/// Has `note` told of each event of `client` and `act` of each action, until there are none.
template <class Note, class Act>
void drain(Client& client, const Note& note, const Act& act) {
  for (bool more = true; more;) {
    more = false;
    while (const std::optional<Event> event = client.poll_event()) {
      note(*event);
      more = true;
    }
    if (const std::optional<Action> action = client.poll_action()) {
      act(*action);
      more = true;
    }
  }
  client.validate();
}

}  // namespace plimsoll::exhaustive
