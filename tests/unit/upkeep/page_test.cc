// The examples of INPUT.md and STATE.md are what the code writes, and reads.
#include <gtest/gtest.h>

#include "coheld/v1/list.pb.h"
#include "proto/wire/methods.h"
#include "server/engine/engine.h"
#include "server/engine/input_log.h"
#include "tests/unit/page_example.h"

namespace coheld::engine {
namespace {

using coheld::testing::ToHex;

constexpr TimeMs kNewYear{1'767'225'600'000};

std::string Example(const std::string& page, const std::string& name) {
  return coheld::testing::ExampleIn(COHELD_SOURCE_DIR "/server/engine/" + page, name);
}

// Appends the text "hi" to the list "l".
std::string Request() {
  v1::ListAppendRequest request;
  request.set_name("l");
  request.mutable_value()->set_text("hi");
  return request.SerializeAsString();
}

uint32_t Append() { return wire::FindMethod("/coheld.v1.List/Append")->number; }

TEST(FormatPages, TheInputIsWhatIsWritten) {
  const std::string request = Request();
  std::string bytes;
  EncodeInput({.stamp = {.call = CallId{9},
                         .owner = {.session = SessionId{7}, .thread = 2},
                         .now = kNewYear,
                         .seq = 3,
                         .acked = 2,
                         .site = "a.py:5"},
               .code = Append(),
               .payload = request},
              &bytes);
  EXPECT_EQ(ToHex(Example("INPUT.md", "input")), ToHex(bytes));
}

TEST(FormatPages, TheInputIsRead) {
  const std::string bytes = Example("INPUT.md", "input");
  Input input;
  ASSERT_TRUE(DecodeInput(bytes, &input));
  EXPECT_EQ(input.stamp.now, kNewYear);
  EXPECT_EQ(input.stamp.site, "a.py:5");
  EXPECT_EQ(input.payload, Request());
}

TEST(FormatPages, TheStateIsWhatIsSaved) {
  Engine engine;
  std::vector<Reply> replies;
  engine.Apply({.call = CallId{1}, .now = kNewYear}, Append(), Request(), &replies);
  std::string bytes;
  engine.Save([&](std::string_view part) { bytes += part; });
  EXPECT_EQ(ToHex(Example("STATE.md", "state")), ToHex(bytes));
}

TEST(FormatPages, TheStateIsLoaded) {
  Engine engine;
  ASSERT_FALSE(engine.Load(Example("STATE.md", "state")));
  EXPECT_EQ(engine.store().Find("l")->object->size(), 1u);
}

}  // namespace
}  // namespace coheld::engine
