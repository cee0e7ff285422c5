// Who holds and who waits, as coheldctl prints it.
#pragma once

#include <chrono>
#include <string>

#include "client/cli/command.h"

namespace coheld::cli {

// "1.5 s".
std::string Seconds(std::chrono::milliseconds time);
// "worker.py (pid 17, ann@h1)".
std::string Who(const SessionLabel& label);

Json ToJson(const SessionLabel& label);
Json ToJson(const Holder& holder);
Json ToJson(const Waiter& waiter);

// "worker.py (pid 17, ann@h1), session 3, thread 0, token 5, for 1.5 s, since worker.py:9 main".
std::string ToText(const Holder& holder);
// "..., session 3, thread 0, in Lock.Acquire for 1.5 s, at worker.py:9 main".
std::string ToText(const Waiter& waiter);

}  // namespace coheld::cli
