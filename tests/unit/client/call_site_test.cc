// What is told of the place in a program where an op is.
#include <mutex>
#include <source_location>
#include <string>

#include <gtest/gtest.h>

#include "coheld/op.h"

namespace coheld {
namespace {

// A lock as the SDK's are: its methods are told where they are called.
struct Told {
  void lock(CallSite from = std::source_location::current()) { site = from.text(); }
  void unlock() {}
  std::string site;
};

std::string AskFrom(CallSite site = std::source_location::current()) { return site.text(); }

struct Worker {
  static std::string run(int) { return AskFrom(); }
};

TEST(CallSiteTest, ACallIsAtItsLineAndInItsFunction) {
  const std::string line = std::to_string(__LINE__ + 1);
  EXPECT_EQ(AskFrom().find("call_site_test.cc:" + line + " "), 0u);
  const std::string site = Worker::run(1);
  EXPECT_TRUE(site.ends_with("Worker::run")) << site;
}

TEST(CallSiteTest, TheStandardLibraryIsNoPlaceInTheProgram) {
  Told told;
  const std::lock_guard guard(told);
  EXPECT_EQ(told.site, "");
  told.lock();
  EXPECT_NE(told.site, "");
}

}  // namespace
}  // namespace coheld
