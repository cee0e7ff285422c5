// The SDK's examples and coheldctl, run as programs.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/integration/certificates.h"
#include "tests/integration/cpp_fixture.h"
#include "tests/integration/program.h"

namespace coheld {
namespace {

using testing::Outcome;
using testing::RunProgram;

class CppProgramsTest : public testing::CppTest {
 protected:
  Outcome Ctl(const std::string& arguments) {
    return RunProgram("coheldctl", "--address " + Address() + " " + arguments);
  }
};
COHELD_ON_BOTH_SOCKETS(CppProgramsTest);

TEST_P(CppProgramsTest, TheExamplesSucceed) {
  for (const std::string example : {"tour", "locks", "pipeline"}) {
    const Outcome outcome = RunProgram(example, Address());
    EXPECT_EQ(outcome.code, 0) << outcome.output;
  }
}

TEST_P(CppProgramsTest, WordCountAgreesWithOneProcess) {
  const Outcome outcome =
      RunProgram("word_count", "--address " + Address() + " --workers 3 --run " +
                                   (GetParam() == testing::Socket::kUnix ? "u" : "t") +
                                   " /usr/share/common-licenses/*");
  EXPECT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_NE(outcome.output.find("its counts are the same"), std::string::npos) << outcome.output;
}

TEST(CtlTlsTest, CtlSpeaksTls) {
  const testing::TemporaryFolder folder;
  const testing::Authority authority(folder.path(), "authority");
  const testing::CertificateFiles files = authority.Issue("daemon");
  const testing::CertificateFiles own = authority.Issue("client");
  testing::DaemonProcess daemon;
  daemon.Start({"--tls-cert", files.certificate, "--tls-key", files.key, "--tls-client-ca",
                authority.file()});
  const std::string place = "--address tls://" + daemon.address_tcp();
  const std::string words =
      " --tls-ca " + authority.file() + " --tls-cert " + own.certificate + " --tls-key " + own.key;
  EXPECT_EQ(RunProgram("coheldctl", place + words + " ping").code, 0);
  EXPECT_EQ(RunProgram("coheldctl", place + words + " --tls-server-name localhost ping").code, 0);
  const Outcome other = RunProgram("coheldctl", place + words + " --tls-server-name other ping");
  EXPECT_NE(other.code, 0);
  EXPECT_NE(other.output.find("not for \"other\""), std::string::npos) << other.output;
}

TEST_P(CppProgramsTest, CtlPushesGetsAndPops) {
  const std::string list = Name("list");
  EXPECT_EQ(Ctl("push " + list + " 1 two '[3,4]'").output, "3\n");
  EXPECT_EQ(Ctl("get " + list).output, "[1, 'two', [3, 4]]\n");
  EXPECT_EQ(Ctl("get " + list + " 1").output, "two\n");
  EXPECT_EQ(Ctl("pop " + list).output, "[3, 4]\n");
  EXPECT_EQ(Ctl("len " + list).output, "2\n");
  EXPECT_EQ(Ctl("type " + list).output, "list\n");
  EXPECT_EQ(Ctl("set " + list + " 0 null").code, 0);
  EXPECT_EQ(List<Value>(client_, list).values(), (std::vector<Value>{nullptr, "two"}));
  EXPECT_EQ(Ctl("del " + list + " 0").code, 0);
  EXPECT_EQ(Ctl("del " + list).code, 0);
  EXPECT_EQ(Ctl("type " + list).code, 1);
}

TEST_P(CppProgramsTest, CtlPrintsJson) {
  const std::string dict = Name("dict");
  EXPECT_EQ(Ctl("set " + dict + " apples 5").code, 0);
  EXPECT_EQ(Ctl("--json get " + dict).output, "{\n  \"apples\": 5\n}\n");
  EXPECT_EQ(Ctl("get --json " + dict + " apples").output, "5\n");
  EXPECT_EQ(Ctl("pop " + dict).output, "('apples', 5)\n");
}

TEST_P(CppProgramsTest, CtlWorksOnQueuesAndValues) {
  const std::string queue = Name("queue");
  EXPECT_EQ(Ctl("push --type queue " + queue + " 1 2").output, "2\n");
  EXPECT_EQ(Ctl("get " + queue).output, "1\n");
  EXPECT_EQ(Ctl("pop " + queue).output, "1\n");
  EXPECT_EQ(Ctl("pop " + queue).output, "2\n");
  EXPECT_EQ(Ctl("pop " + queue).code, 1);
  EXPECT_EQ(Ctl("set " + Name("value") + " '\"5\"'").code, 0);
  EXPECT_EQ(SharedValue<std::string>(client_, Name("value")).get(), "5");
}

TEST_P(CppProgramsTest, CtlLeasesAnItemWhileAProgramRuns) {
  const std::string queue = Name("queue");
  EXPECT_EQ(Ctl("queue create " + queue + " --kind lifo --deliveries-max 2").code, 0);
  EXPECT_EQ(Ctl("queue put " + queue + " bad --key one").output, "1\n");
  EXPECT_EQ(Ctl("queue put " + queue + " bad --key one").output, "was put before\n");
  EXPECT_EQ(Ctl("queue put " + queue + " good").output, "2\n");
  EXPECT_EQ(Ctl("queue work " + queue + " -- echo done {}").output, "done good\n");
  EXPECT_EQ(Ctl("queue work " + queue + " -- sh -c 'exit 7'").code, 7);
  EXPECT_EQ(
      Ctl("queue work " + queue + " -- sh -c 'echo $COHELD_ITEM $COHELD_ATTEMPT; exit 1'").output,
      "bad 2\n");
  EXPECT_EQ(Ctl("queue work " + queue + " --timeout 0 -- true").code, 1);
  const QueueSizes sizes = Queue<Value>(client_, queue).sizes();
  EXPECT_EQ(sizes.unfinished, 0u);
  EXPECT_EQ(Ctl("pop '" + sizes.dead_letter + "'").output, "bad\n");
}

TEST_P(CppProgramsTest, CtlTellsAndEndsWhatIsLeased) {
  const Queue<int> queue(client_, Name("queue"));
  queue.put_many({1, 2});
  std::vector<Task<int>> tasks = queue.lease_many(2);
  const auto number = [&](size_t i) { return " " + std::to_string(tasks.at(i).number()); };
  EXPECT_NE(Ctl("queue deliveries " + queue.name()).output.find("the session's life"),
            std::string::npos);
  EXPECT_NE(Ctl("--json queue deliveries " + queue.name()).output.find("\"left_ms\": null"),
            std::string::npos);
  EXPECT_EQ(Ctl("queue ack " + queue.name() + number(0)).output, "1\n");
  EXPECT_EQ(Ctl("queue nack " + queue.name() + number(1)).output, "went back\n");
  EXPECT_EQ(Ctl("queue ack " + queue.name() + number(1)).code, 4);
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_THROW(tasks.at(0).ack(), LeaseLost);
}

TEST_P(CppProgramsTest, CtlHoldsLocksAndPermitsWhileAProgramRuns) {
  const std::string lock = Name("lock");
  EXPECT_EQ(Ctl("lock acquire " + lock + " -- sh -c 'exit 7'").code, 7);
  EXPECT_EQ(Ctl("lock acquire " + lock + " -- /nowhere/program").code, 127);
  Lock mine(client_, lock);
  mine.lock();
  EXPECT_EQ(Ctl("lock acquire " + lock + " --timeout 0 -- true").code, 1);
  EXPECT_EQ(Ctl("get " + lock).output, "True\n");
  mine.unlock();
  EXPECT_EQ(Ctl("lock acquire " + lock + " --timeout 5 -- echo held").output, "held\n");
  const std::string semaphore = Name("semaphore");
  EXPECT_EQ(Ctl("semaphore create --permits 2 --bounded " + semaphore).code, 0);
  EXPECT_EQ(Ctl("semaphore acquire " + semaphore + " --count 2 -- true").code, 0);
  EXPECT_EQ(Ctl("get " + semaphore).output, "2\n");
  EXPECT_EQ(Ctl("semaphore release " + semaphore).code, 4);
  EXPECT_EQ(Ctl("rlock acquire " + Name("rlock") + " -- true").code, 0);
  EXPECT_EQ(Ctl("rwlock acquire --shared " + Name("rwlock") + " -- true").code, 0);
}

TEST_P(CppProgramsTest, CtlTellsWhoHoldsWhoWaitsAndWhy) {
  const std::string lock = Name("lock");
  Lock mine(client_, lock);
  mine.lock();
  std::thread waiter([&] {
    Lock theirs(Client::connect(Address(), {.program = "waiter"}), lock);
    theirs.lock();
    theirs.unlock();
  });
  testing::WaitForWaiters(client_, lock, 1);
  const std::string pid = std::to_string(getpid());
  const auto expect = [&](const Outcome& outcome, const std::string& part) {
    EXPECT_EQ(outcome.code, 0) << outcome.output;
    EXPECT_NE(outcome.output.find(part), std::string::npos) << part << " in:\n" << outcome.output;
  };
  expect(Ctl("locks " + lock), "lock  " + lock + "  (1 waiting)\n    ");
  expect(Ctl("locks " + lock), "(pid " + pid + ", ");
  expect(Ctl("--json locks " + lock), "\"holder_count\": 1");
  EXPECT_EQ(Ctl("locks no-such-prefix").output, "");
  EXPECT_EQ(Ctl("--json locks no-such-prefix").output, "[]\n");
  expect(Ctl("waits"), "waiter (pid " + pid + ", ");
  expect(Ctl("waits"), "\n    for the lock " + lock + ", held by ");
  expect(Ctl("--json waits"), "\"deadlocked\": false");
  expect(Ctl("explain " + lock), "lock " + lock + "\n  held by  ");
  expect(Ctl("explain " + lock), "\n  waiting  waiter (pid " + pid + ", ");
  expect(Ctl("--json explain " + lock), "\"method\": \"Lock.Acquire\"");
  EXPECT_EQ(Ctl("explain " + Name("nothing")).code, 1);
  mine.unlock();
  waiter.join();
  expect(Ctl("explain " + lock), "nobody holds it");
}

TEST_P(CppProgramsTest, CtlGivesBackAtCtrlC) {
  const std::string lock = Name("lock");
  const Lock held(client_, lock);
  held.create();
  std::thread holder([&] { EXPECT_EQ(Ctl("lock acquire " + lock).code, 0); });
  const Admin admin(client_);
  while (admin.describe(lock).holders.empty()) std::this_thread::yield();
  kill(static_cast<pid_t>(admin.describe(lock).holders[0].label.pid), SIGINT);
  holder.join();
  EXPECT_FALSE(held.inspect().locked);
}

TEST_P(CppProgramsTest, CtrlCEndsAWaitOfCtl) {
  const Event event(client_, Name("event"));
  event.create();
  std::thread waiter([&] { EXPECT_EQ(Ctl("event wait " + event.name()).code, 130); });
  testing::WaitForWaiters(client_, event.name(), 1);
  kill(static_cast<pid_t>(Admin(client_).describe(event.name()).waiters[0].label.pid), SIGINT);
  waiter.join();
}

TEST_P(CppProgramsTest, CtlSignalsAndWaits) {
  const std::string event = Name("event");
  EXPECT_EQ(Ctl("event wait --timeout 0 " + event).code, 1);
  EXPECT_EQ(Ctl("event set " + event).code, 0);
  EXPECT_EQ(Ctl("event wait " + event).code, 0);
  EXPECT_EQ(Ctl("event clear " + event).code, 0);
  EXPECT_EQ(Ctl("get " + event).output, "False\n");
  const std::string latch = Name("latch");
  EXPECT_EQ(Ctl("latch create " + latch + " 2").code, 0);
  EXPECT_EQ(Ctl("latch count-down " + latch).output, "1\n");
  EXPECT_EQ(Ctl("latch wait --timeout 0.001 " + latch).code, 1);
  EXPECT_EQ(Ctl("latch count-down " + latch).output, "0\n");
  EXPECT_EQ(Ctl("latch wait " + latch).code, 0);
  const std::string barrier = Name("barrier");
  EXPECT_EQ(Ctl("barrier create " + barrier + " 1").code, 0);
  EXPECT_EQ(Ctl("barrier wait " + barrier).output, "0\n");
  EXPECT_EQ(Ctl("barrier abort " + barrier).code, 0);
  EXPECT_EQ(Ctl("barrier wait " + barrier).code, 4);
  EXPECT_EQ(Ctl("barrier reset " + barrier).code, 0);
  const std::string condition = "{" + Name("tag") + "}condition";
  EXPECT_EQ(Ctl("condition create '" + condition + "' '{" + Name("tag") + "}lock'").code, 0);
  EXPECT_EQ(Ctl("condition wait --timeout 0.001 '" + condition + "'").code, 1);
  std::thread waiter([&] { EXPECT_EQ(Ctl("condition wait '" + condition + "'").code, 0); });
  testing::WaitForWaiters(client_, condition, 1);
  EXPECT_EQ(Ctl("condition notify --all '" + condition + "'").output, "1\n");
  waiter.join();
}

TEST_P(CppProgramsTest, CtlWorksOnEveryCollection) {
  const std::string counter = Name("counter");
  EXPECT_EQ(Ctl("counter add " + counter + " 5").output, "5\n");
  EXPECT_EQ(Ctl("counter set " + counter + " 7").output, "5\n");
  EXPECT_EQ(Ctl("get " + counter).output, "7\n");
  const std::string set = Name("set");
  EXPECT_EQ(Ctl("push --type set " + set + " a b a").output, "2\n");
  EXPECT_EQ(Ctl("get " + set).output, "{'a', 'b'}\n");
  EXPECT_EQ(Ctl("get " + set + " x").output, "False\n");
  EXPECT_EQ(Ctl("del " + set + " a").code, 0);
  EXPECT_EQ(Ctl("pop " + set).output, "b\n");
  EXPECT_EQ(Ctl("pop " + set).code, 1);
  const std::string array = Name("array");
  EXPECT_EQ(Ctl("array create " + array + " d 3").code, 0);
  EXPECT_EQ(Ctl("set " + array + " 1 2.5").code, 0);
  EXPECT_EQ(Ctl("array add " + array + " -1 1").output, "1.0\n");
  EXPECT_EQ(Ctl("get " + array).output, "[0.0, 2.5, 1.0]\n");
  const std::string settings = Name("settings");
  EXPECT_EQ(Ctl("set --type namespace " + settings + " x '[1,2]'").code, 0);
  EXPECT_EQ(Ctl("get " + settings + " x").output, "[1, 2]\n");
  EXPECT_EQ(Ctl("del " + settings + " y").code, 1);
}

TEST_P(CppProgramsTest, CtlTellsAndSetsHowLongAnObjectLives) {
  const List<int> list(client_, Name("list"));
  list.append(1);
  EXPECT_EQ(Ctl("ttl " + list.name()).output, "never\n");
  EXPECT_EQ(Ctl("ttl " + list.name() + " 3600").code, 0);
  EXPECT_GT(lifetime(list).ttl.value(), std::chrono::minutes(59));
  EXPECT_EQ(Ctl("ttl " + list.name() + " never").code, 0);
  EXPECT_EQ(Ctl("ttl " + list.name() + " soon").code, 2);
  EXPECT_EQ(Ctl("lifetime " + list.name()).code, 0);
}

TEST_P(CppProgramsTest, CtlsExitCodesTellScriptsWhatHappened) {
  EXPECT_EQ(Ctl("ping").code, 0);
  EXPECT_EQ(Ctl("status").code, 0);
  EXPECT_EQ(Ctl("sessions").code, 0);
  EXPECT_EQ(Ctl("ls").code, 0);
  EXPECT_EQ(Ctl("describe " + Name("missing")).code, 1);
  EXPECT_EQ(Ctl("nonsense").code, 2);
  EXPECT_EQ(Ctl("").code, 2);
  EXPECT_EQ(RunProgram("coheldctl", "--address unix:/nowhere ping").code, 3);
  EXPECT_EQ(Ctl("set " + Name("dict") + " '[1]' 2").code, 4);  // A list is no key.
  EXPECT_EQ(Ctl("--help").code, 0);
}

TEST(CppProgramsWithAKeyTest, CtlProvesTheKeyOfItsFile) {
  const testing::TemporaryFolder folder;
  const std::string key_file = folder.path() + "/key";
  std::ofstream(key_file) << "secret\n";
  std::filesystem::permissions(key_file, std::filesystem::perms::owner_read);
  testing::DaemonProcess daemon;
  daemon.Start({"--key-file", key_file});
  const std::string ping = "--address " + daemon.address_unix() + " ping";
  EXPECT_EQ(RunProgram("coheldctl", "--key-file " + key_file + " " + ping).code, 0);
  const Outcome stranger = RunProgram("coheldctl", ping);
  EXPECT_EQ(stranger.code, 4);
  EXPECT_NE(stranger.output.find("key"), std::string::npos) << stranger.output;
  setenv("COHELD_KEY_FILE", key_file.c_str(), 1);
  EXPECT_EQ(RunProgram("coheldctl", ping).code, 0);
  unsetenv("COHELD_KEY_FILE");
}

}  // namespace
}  // namespace coheld
