// See link.h.
#include "tests/simulation/link.h"

#include <algorithm>
#include <utility>

namespace coheld::simulation {

Time Link::Arrival(Side to) {
  const auto delay = static_cast<int64_t>(random_.Between(
      static_cast<uint64_t>(traits_.delay_us_min), static_cast<uint64_t>(traits_.delay_us_max)));
  Pipe& way = pipe(to);
  way.last = std::max(way.last, schedule_.now() + delay);
  return way.last;
}

void Link::Send(Side from, std::string bytes) {
  const Side to = Other(from);
  if (bytes.empty() || pipe(to).shut || closed(from)) return;
  Transmit(to, std::move(bytes));
}

void Link::Transmit(Side to, std::string bytes) {
  constexpr size_t kSingleBytesMax = 400;
  const bool splits = random_.Chance(traits_.split_percent);
  while (splits && bytes.size() > 1) {
    const bool single = traits_.single_bytes && bytes.size() < kSingleBytesMax;
    const size_t size = single ? 1 : 1 + random_.Pick(bytes.size());
    schedule_.At(Arrival(to), [self = shared_from_this(), to, piece = bytes.substr(0, size)] {
      self->Deliver(to, piece);
    });
    bytes.erase(0, size);
  }
  if (bytes.empty()) return;
  schedule_.At(Arrival(to), [self = shared_from_this(), to, bytes] { self->Deliver(to, bytes); });
}

void Link::Deliver(Side to, const std::string& bytes) {
  Pipe& way = pipe(to);
  if (way.closed || way.lost) return;
  if (way.held) {
    way.backlog += bytes;
    return;
  }
  const auto take = ends_[Index(to)].on_bytes;  // It may forget itself.
  if (take) take(bytes);
}

void Link::Release(Side to) {
  Pipe& way = pipe(to);
  if (!std::exchange(way.held, false)) return;
  if (!way.backlog.empty()) Deliver(to, std::exchange(way.backlog, {}));
  if (way.close_behind) Learn(to);
}

void Link::Close(Side from) {
  const Side to = Other(from);
  pipe(from).closed = true;
  pipe(to).shut = true;
  CloseAt(to, Arrival(to));
}

void Link::CutOff(const Cut& cut) {
  Release(Side::kClient);
  Release(Side::kDaemon);
  pipe(Side::kClient).lost = true;
  pipe(Side::kDaemon).lost = !cut.upstream_arrives;
  CloseAt(Side::kClient, schedule_.now() + cut.client_learns_us);
  // What is on its way up arrives just before the news of the end: perhaps long after the client
  // has sent it again elsewhere.
  Hold(Side::kDaemon);
  schedule_.After(cut.daemon_learns_us, [self = shared_from_this()] {
    self->Release(Side::kDaemon);
    self->Learn(Side::kDaemon);
  });
}

void Link::CloseAt(Side to, Time when) {
  schedule_.At(when, [self = shared_from_this(), to] {
    if (self->pipe(to).held) {
      self->pipe(to).close_behind = true;
    } else {
      self->Learn(to);
    }
  });
}

void Link::Learn(Side to) {
  if (std::exchange(pipe(to).closed, true)) return;
  const auto learn = ends_[Index(to)].on_closed;  // It may forget itself.
  if (learn) learn();
}

}  // namespace coheld::simulation
