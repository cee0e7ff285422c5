// How much memory an op may need, guessed from its request before it is applied: for what is to be
// kept, and for the messages on the way there. Meant to be too high rather than too low.
#pragma once

#include <cstdint>
#include <string_view>

#include "proto/wire/methods.h"
#include "server/engine/store.h"

namespace coheld::dispatch {

// No op needs more than this, and for each byte of its request; but see IsAmplifier.
inline constexpr uint64_t kFootprintMin = 2048;
inline constexpr uint64_t kFootprintPerByte = 100;

// True for methods a small request of which may need much: copies, repetitions, arrays of zeros.
bool IsAmplifier(uint32_t method);

// Returns how many bytes an op may need.
uint64_t FootprintOf(const wire::MethodRow& method, std::string_view payload,
                     const engine::Store& store);

}  // namespace coheld::dispatch
