// What a Python Client holds, and how handles go back to the daemon: by ops whose answers nobody
// waits for, so that it may happen wherever the garbage collector runs.
#pragma once

#include <string>
#include <string_view>

#include "client/python/src/handles.h"
#include "coheld/client.h"

namespace coheld::python {

struct ClientObject {
  coheld::Client handle;
  std::string codec;  // Of objects that have no form of their own; empty: they are refused.
  Handles handles;
  uint64_t session = 0;    // That gave the handles; 0: none yet.
  bool attention = false;  // The package has something to do before the next call.
};

// In scope around each call of this thread; calls may be under way one in the other.
class CallUnderWay {
 public:
  CallUnderWay();
  CallUnderWay(const CallUnderWay&) = delete;
  CallUnderWay& operator=(const CallUnderWay&) = delete;
  ~CallUnderWay();
};

// Gives back what is due of a name. In the midst of a call of this thread it is done at the call's
// end: the request that is being built may name the object.
void GiveBack(const ClientObject& client, std::string_view name, Handles::Due due) noexcept;

}  // namespace coheld::python
