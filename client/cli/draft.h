// A folder in which a backup is put together, beside the place that it will have.
#pragma once

#include <string>

namespace coheld::cli {

// Its name is its own, so that no two backups share one and nobody's files are in it. A process
// that is killed leaves it, and nobody removes it then but people, who can tell what it is.
class Draft {
 public:
  // Makes the folder PLACE.unfinished-XXXXXX. Throws std::runtime_error.
  explicit Draft(const std::string& place);
  // Removes it with all that is in it, unless Keep was called.
  ~Draft();
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  const std::string& path() const { return path_; }
  // Leaves the folder where it is.
  void Keep() { kept_ = true; }

 private:
  std::string path_;
  bool kept_ = false;
};

}  // namespace coheld::cli
