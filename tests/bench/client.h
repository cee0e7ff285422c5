// One connection of the load: its socket, its protocol, and what is on the way in both directions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/bench/protocol.h"
#include "tests/bench/socket.h"

namespace coheld::bench {

struct Client {
  std::unique_ptr<Socket> socket;
  std::unique_ptr<Protocol> protocol;
  std::string in;            // Arrived, and not whole yet.
  Output out;                // To send.
  bool wants_write = false;  // The socket was full.
  bool measured = false;     // Its latencies count.
  // What to issue, in a circle; null: nothing.
  const Operations* operations = nullptr;
  size_t next = 0;
  std::vector<uint64_t> issued_ns;  // By slot.
  std::vector<uint32_t> issued;     // How many ops, by slot; counted with LoadOptions::kept only.
  Operations made;                  // By slot: ops of a series, until they are answered.

  uint32_t depth() const { return static_cast<uint32_t>(issued_ns.size()); }
};

}  // namespace coheld::bench
