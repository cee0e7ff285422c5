// The oracle's part in the daemon's deaths: what the clients were told, or have seen, must be there
// when it comes back, and the models are taken back to where it goes on from.
#include <algorithm>
#include <utility>
#include <vector>

#include "tests/simulation/oracle.h"

namespace coheld::simulation {

void Oracle::OnDeath() {
  Judge([&] { replica_.Judge(daemon_->engine(), random_); });
  dead_ = true;
}

void Oracle::OnRecovered(const Recovered& recovered, const engine::Engine& engine) {
  dead_ = false;
  Judge([&] {
    begins_ = true;
    frame_ = nullptr;
    closing_link_.reset();
    if (recovered.promise == Recovered::Promise::kNothing) {
      Forget();
      replica_.Begin(engine);
    } else {
      Require(recovered.index <= events_.size(), "recovered up to input " +
                                                     std::to_string(recovered.index) + " of " +
                                                     std::to_string(events_.size()));
      TakeBack(recovered.index, recovered);
      replica_.TakeBack(recovered.index);
      replica_.Judge(engine, random_);
    }
  });
}

void Oracle::OnBegun() {
  Judge([&] {
    begins_ = false;
    for (auto& [id, session] : book_.sessions()) {
      session.detached_ms = static_cast<int64_t>(daemon_->now());
    }
  });
}

void Oracle::Forget() {
  for (auto& [frame, expected] : expected_) expected.lost = true;
  Book fresh;
  fresh.KeepEffects(book_);
  book_ = std::move(fresh);
  events_.clear();
  ledger_ = Ledger();
  told_.clear();
  told_index_ = 0;
  tokens_.clear();
  closing_.clear();
  grants_.Forget();
}

bool Oracle::MayLose(uint64_t index, const Recovered& recovered) const {
  return recovered.promise == Recovered::Promise::kAllButTheLast &&
         events_[index - 1].at_us >= recovered.since_us;
}

void Oracle::TakeBack(uint64_t index, const Recovered& recovered) {
  history_.Note("recovered " + std::to_string(index) + " of " + std::to_string(events_.size()) +
                " inputs");
  if (told_index_ > index && !MayLose(index + 1, recovered)) {
    const Event& lost = events_[index];
    Require(false, "the daemon lost input " + std::to_string(index + 1) +
                       ", and a client has seen what came after it" +
                       (lost.op.id != 0 ? ": " + Describe(lost.op) : ""));
  }
  for (auto& [frame, expected] : expected_) {
    if (expected.lost || expected.index <= index) continue;
    expected.lost = true;
    expected.broken = !MayLose(index + 1, recovered);
  }
  events_.resize(index);
  book_ = Book();
  for (const Event& event : events_) book_.Take(event);
  for (auto& [id, call] : book_.calls()) call.route.reset();
  std::erase_if(closing_, [&](uint64_t session) { return !book_.HadSession(session); });
  std::erase_if(tokens_, [&](const auto& token) { return !book_.HadSession(token.second); });
  grants_.TakeBack(index, [&](uint64_t grant) { return book_.world().HasAnonymous(grant); });
  std::erase_if(told_, [&](const Told& told) { return told.index > index; });
  ledger_ = Ledger();
  for (const auto& [frame, sent] : sent_) ledger_.Sent(sent.op);
  for (const Told& told : told_) ledger_.Answered(told.op, told.words);
  told_index_ = std::min(told_index_, index);
}

}  // namespace coheld::simulation
