// What this process knows of its session's handles on anonymous objects (coheld/v1/object.proto):
// how many it was given, and how many proxies stand for each. When the last proxy of a name is
// gone, all that were given go back with one op, so the count is exact however replies and releases
// cross.
//
// Guarded by the GIL: no function here runs Python code, so none is ever entered half-way.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace coheld::python {

// True for the names of objects that live by counting.
inline bool IsAnonymous(std::string_view name) { return !name.empty() && name.front() == '~'; }

class Handles {
 public:
  // What to give back.
  struct Due {
    uint64_t count = 0;   // Handles; 0: nothing.
    bool forked = false;  // A child may have inherited the name and not hold it yet: lend it first.
  };

  // A reply gave one, which a proxy that is made already, or now, stands for.
  void Received(std::string_view name) { ++At(name).given; }
  // A reply gave one, and is being decoded: nothing of that name goes back before Settle.
  void Expect(std::string_view name);
  // The reply is decoded, or could not be.
  Due Settle(std::string_view name);
  // A proxy was made.
  void Born(std::string_view name) { ++At(name).live; }
  // A proxy is gone.
  Due Died(std::string_view name);

  // How many proxies of the name there are, and handles that are being decoded.
  uint64_t Live(std::string_view name) const;

  // Before this process forks.
  void MarkForked();
  // In a child: forgets what the parent was given, and returns the names that proxies stand for.
  std::vector<std::string> Inherit();
  // In a new session: forgets what the one before was given, and returns those names.
  std::vector<std::string> Lose();

 private:
  struct Entry {
    uint64_t given = 0;
    uint64_t live = 0;
    uint64_t expected = 0;
    bool forked = false;
  };

  Entry& At(std::string_view name);
  Due TakeIfUnused(std::string_view name);

  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace coheld::python
