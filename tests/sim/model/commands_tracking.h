#pragma once

#include "plimsoll/tests/sim/model/engine.h"

namespace plimsoll::sim::model {

void client_tracking(Call& call);
void client_caching(Call& call);
void client_trackinginfo(Call& call);
void client_getredir(Call& call);

}  // namespace plimsoll::sim::model
