// See history.h.
#include "tests/robustness/history.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace coheld::testing {

uint64_t HistoryTime() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

History::History(const std::string& path, uint32_t client)
    : file_(open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600)), client_(client) {
  if (file_ < 0) throw std::runtime_error("open " + path + ": " + std::strerror(errno));
}

History::~History() { close(file_); }

void History::Begin(const Invocation& invocation) {
  nlohmann::json line = {{"client", client_},
                         {"call", ++call_},
                         {"event", "invoke"},
                         {"type", invocation.type},
                         {"object", invocation.object},
                         {"op", invocation.op},
                         {"arguments", invocation.arguments}};
  line["time"] = HistoryTime();
  Write(line);
}

void History::End(const char* event, const char* field, const nlohmann::json& content) {
  const uint64_t now = HistoryTime();
  Write({{"client", client_}, {"call", call_}, {"event", event}, {"time", now}, {field, content}});
}

// One write for each line: a kill leaves whole lines.
void History::Write(const nlohmann::json& line) const {
  const std::string text = line.dump() + "\n";
  if (write(file_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw std::runtime_error(std::string("cannot write the history: ") + std::strerror(errno));
  }
}

}  // namespace coheld::testing
