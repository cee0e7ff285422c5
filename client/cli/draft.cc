// See draft.h.
#include "client/cli/draft.h"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace coheld::cli {

Draft::Draft(const std::string& place) : path_(place + ".unfinished-XXXXXX") {
  if (mkdtemp(path_.data()) != nullptr) return;
  throw std::runtime_error("make folder " + path_ + ": " + std::strerror(errno));
}

Draft::~Draft() {
  if (kept_) return;
  std::error_code ignored;  // Who failed said why.
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace coheld::cli
