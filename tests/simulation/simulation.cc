// See simulation.h.
#include "tests/simulation/simulation.h"

#include <memory>
#include <utility>

#include "proto/wire/methods.h"
#include "tests/simulation/check.h"
#include "tests/simulation/client.h"
#include "tests/simulation/daemon.h"
#include "tests/simulation/entropy.h"
#include "tests/simulation/history.h"
#include "tests/simulation/link.h"
#include "tests/simulation/oracle.h"

namespace coheld::simulation {
namespace {

constexpr int64_t kHealing = 20 * kSecond;  // Longer than any TTL, backoff and timeout.
constexpr int64_t kRebirth = 5 * kMs;

class Simulation {
 public:
  Simulation(const Plan& plan, bool keeps_history)
      : plan_(plan),
        random_(Random::For(plan.seed, 3)),
        history_(schedule_, keeps_history),
        oracle_(history_, Random::For(plan.seed, 6)),
        stage_{schedule_, history_, oracle_, [this](int process) { return Connect(process); }} {}

  Verdict Go() {
    Verdict verdict;
    try {
      Play();
      verdict.violation = oracle_.violation();
    } catch (const Violation& violation) {
      verdict.violation = violation.what();
    }
    if (verdict.violation) history_.Note("VIOLATION: " + *verdict.violation);
    verdict.hash = history_.hash();
    verdict.ops = ops_;
    verdict.faults = faults_;
    verdict.history = history_.lines();
    return verdict;
  }

 private:
  void Play() {
    SeedEntropy(plan_.seed);
    daemon_ = std::make_unique<Daemon>(
        schedule_, oracle_,
        Daemon::Options{.drift_ppm = static_cast<int64_t>(random_.Between(0, 2000)) - 1000,
                        .level = plan_.level,
                        .on_note = [this](const std::string& line) { history_.Note(line); },
                        .deadlock = static_cast<engine::DeadlockPolicy>(random_.Pick(3))},
        Random::For(plan_.seed, 4));
    oracle_.Watch(daemon_.get());
    daemon_->Begin();
    SetUp();
    daemon_->Settle();
    clients_.resize(plan_.clients);
    for (size_t i = 0; i < plan_.clients; ++i) GiveBirth(i);
    for (const Step& step : plan_.steps) {
      schedule_.At(step.at, [this, &step] { Take(step); });
    }
    const auto violated = [this] { return oracle_.violation().has_value(); };
    schedule_.RunUntil(plan_.end, violated);
    history_.Note("the network is whole again");
    if (daemon_->storage() != nullptr) daemon_->storage()->Heal();
    for (const auto& link : held_) {
      link->Release(Side::kClient);
      link->Release(Side::kDaemon);
    }
    schedule_.RunUntil(plan_.end + kHealing, violated);
    if (!violated()) JudgeEnd();
  }

  // Makes the objects, as a client does that nothing happens to.
  void SetUp() {
    oracle_.SetUp(true);
    for (const World::Object& object : World::Objects()) {
      std::string path = "/coheld.v1." + object.method;
      path[path.rfind('.')] = '/';
      daemon_->Apply(path, object.request);
    }
    oracle_.SetUp(false);
  }

  void GiveBirth(size_t slot) {
    Client::Options options;
    options.process = static_cast<int>(++processes_);
    options.channels = plan_.channels[slot];
    options.threads = plan_.threads[slot];
    clients_[slot] = all_clients_
                         .emplace_back(std::make_unique<Client>(
                             stage_, options, Random::For(plan_.seed, 1000 + processes_)))
                         .get();
  }

  std::shared_ptr<Link> Connect(int process) {
    LinkTraits traits;
    traits.single_bytes = random_.Chance(5);
    if (random_.Chance(20)) traits.delay_us_max = 20 * kMs;
    const uint64_t id = ++links_;
    auto link =
        std::make_shared<Link>(schedule_, id, traits, Random::For(plan_.seed, 1'000'000 + id));
    daemon_->Accept(link, process);
    return link;
  }

  void Take(const Step& step) {
    Client& client = *clients_[step.client];
    if (step.kind == Step::Kind::kDo) {
      ops_ += step.ops.size();
      return client.Do(step.thread % plan_.threads[step.client], step.ops);
    }
    ++faults_;
    history_.Note("fault: " + Describe(step));
    const auto links = client.links();
    const std::shared_ptr<Link> link = links.empty() ? nullptr : links[step.pick % links.size()];
    switch (step.kind) {
      case Step::Kind::kDo:
        return;
      case Step::Kind::kCut:
        if (link != nullptr) {
          link->CutOff({.client_learns_us = step.us,
                        .daemon_learns_us = step.us2,
                        .upstream_arrives = step.flag});
        }
        return;
      case Step::Kind::kHoldUp:
        return Hold(link, Side::kDaemon, step.us);
      case Step::Kind::kHoldDown:
        return Hold(link, Side::kClient, step.us);
      case Step::Kind::kDie:
        return Kill(step.client, step);
      case Step::Kind::kLeave:
        client.Leave();
        return Replace(step.client);
      case Step::Kind::kStall:
        return daemon_->Stall(step.us);
      case Step::Kind::kJump:
        return daemon_->JumpClock(step.us / kMs);
      case Step::Kind::kRestart:
      case Step::Kind::kPowerCut:
        return Restart(step);
      case Step::Kind::kEnd:
      case Step::Kind::kDiskFails:
      case Step::Kind::kDiskFull:
      case Step::Kind::kDiskSlow:
      case Step::Kind::kSnapshot:
        return Disturb(*daemon_->storage(), step);
    }
  }

  void Disturb(Storage& storage, const Step& step) {
    const uint64_t calls = step.pick % 40 + 1;
    if (step.kind == Step::Kind::kEnd) return storage.EndAtCall(calls);
    if (step.kind == Step::Kind::kDiskFails) {
      // Often the power is cut soon: then the machine forgets what it only seemed to have written.
      if (step.flag) {
        schedule_.After(step.us, [this] { daemon_->Restart({.power_cut = true, .down_us = kMs}); });
      }
      return storage.FailAtCall(step.pick % 8 + 1);
    }
    if (step.kind == Step::Kind::kSnapshot) {
      if (step.flag) storage.EndSnapshotAtCall(calls);
      return storage.MakeSnapshot();
    }
    const bool full = step.kind == Step::Kind::kDiskFull;
    constexpr int64_t kSlowUs = 50 * kMs;
    constexpr int64_t kUsualUs = 100;
    full ? storage.SetFull(true) : storage.SetLatency(kSlowUs);
    schedule_.After(step.us, [&storage, full] {
      full ? storage.SetFull(false) : storage.SetLatency(kUsualUs);
    });
  }

  void Hold(const std::shared_ptr<Link>& link, Side to, int64_t us) {
    if (link == nullptr) return;
    link->Hold(to);
    held_.push_back(link);
    schedule_.After(us, [link, to] { link->Release(to); });
  }

  void Kill(size_t slot, const Step& step) {
    Client& client = *clients_[slot];
    const auto links = client.links();
    const int process = client.process();
    if (step.flag) oracle_.ProcessGone(process);
    client.Die(step.flag ? 0 : step.us2);
    if (step.flag) daemon_->ProcessGone(process);
    Replace(slot);
  }

  void Replace(size_t slot) {
    schedule_.After(kRebirth, [this, slot, before = clients_[slot]] {
      if (clients_[slot] == before) GiveBirth(slot);
    });
  }

  void Restart(const Step& step) {
    constexpr uint64_t kClockBackMsMax = 10'000;
    Storage* const storage = daemon_->storage();
    if (storage != nullptr && step.flag) storage->EndOpeningAtCall(step.pick % 40 + 1);
    const Daemon::Death death = {.power_cut = step.kind == Step::Kind::kPowerCut,
                                 .down_us = step.us + kMs,
                                 .clock_back_ms = static_cast<int64_t>(
                                     step.pick % 4 == 0 ? step.pick / 4 % kClockBackMsMax : 0)};
    if (storage != nullptr && step.pick % 3 != 0) {
      return daemon_->DieAtCall(step.pick / 3 % 6 + 1, death);
    }
    daemon_->Restart(death);
    if (storage == nullptr) SetUp();
  }

  // Nothing happens any more: what must have happened by now has.
  void JudgeEnd() {
    Require(daemon_->is_there(), "the daemon did not come back");
    for (Client* client : clients_) {
      for (const Op& op : client->Unanswered()) {
        Require(oracle_.IsWaiting(op.id), "never answered: " + Describe(op));
      }
    }
    oracle_.JudgeEnd(*daemon_);
  }

  const Plan& plan_;
  Schedule schedule_;
  Random random_;
  History history_;
  Oracle oracle_;
  Stage stage_;
  std::unique_ptr<Daemon> daemon_;
  std::vector<Client*> clients_;  // By place.
  std::vector<std::unique_ptr<Client>> all_clients_;
  std::vector<std::shared_ptr<Link>> held_;
  uint64_t processes_ = 0;
  uint64_t links_ = 0;
  uint64_t ops_ = 0;
  uint64_t faults_ = 0;
};

// What is broken, without what broke it.
std::optional<std::string> KindOf(const Verdict& verdict) {
  if (!verdict.violation) return std::nullopt;
  return verdict.violation->substr(0, verdict.violation->find_first_of(":0123456789"));
}

}  // namespace

Verdict Simulate(const Plan& plan, bool keeps_history) {
  return Simulation(plan, keeps_history).Go();
}

Plan Minimise(const Plan& plan) {
  Plan least = plan;
  const std::optional<std::string> kind = KindOf(Simulate(plan));
  // Larger pieces first; as long as any can be left out, once more.
  for (size_t piece = std::max<size_t>(least.steps.size() / 2, 1);; piece = (piece + 1) / 2) {
    bool smaller = false;
    for (size_t at = 0; at < least.steps.size();) {
      Plan without = least;
      const auto first = without.steps.begin() + static_cast<std::ptrdiff_t>(at);
      const size_t count = std::min(piece, without.steps.size() - at);
      without.steps.erase(first, first + static_cast<std::ptrdiff_t>(count));
      if (KindOf(Simulate(without)) == kind) {
        least = std::move(without);
        smaller = true;
      } else {
        at += piece;
      }
    }
    if (piece == 1 && !smaller) return least;
  }
}

}  // namespace coheld::simulation
