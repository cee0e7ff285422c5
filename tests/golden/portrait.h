// What an engine holds, as JSON that depends on no format on disk.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>

#include "server/engine/engine.h"

namespace coheld::golden {

// Asks every object all that can be asked of it by its name alone. The engine is good for nothing
// afterwards: reads may wait in it.
nlohmann::ordered_json PortraitOf(engine::Engine& engine);

}  // namespace coheld::golden
