// What a dispatcher does as one of several shards: sends ops to the shards of their objects and
// takes their answers, does the ops of others, keeps all shards' knowledge of the sessions
// together, and asks all of them where an answer is about all. One thread: its dispatcher's.
//
// An op for another shard is parked at the edge under a call of its own until the owner's answer
// comes; there it is as any op, but its caller is a ShardCaller. What of one connection is sent to
// one shard arrives in its order. Replies leave the owner when its journal says so, as they would
// to connections.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "coheld/v1/admin.pb.h"
#include "server/dispatch/dispatcher.h"
#include "server/dispatch/shard_gather.h"
#include "server/dispatch/shard_post.h"
#include "server/dispatch/shard_rings.h"

namespace coheld::dispatch {

class ShardCaller;

class ShardRouter {
 public:
  // Both outlive it; the dispatcher owns it.
  ShardRouter(Dispatcher& dispatcher, const engine::Placement& placement, ShardPost& post);
  ~ShardRouter();

  // Sends an op where its object is, or to all. False if it is this shard's to do.
  bool Take(const Submission& submission);
  // Cancels an op that was sent; false if it is none.
  bool CancelAway(CallId call);
  // Gives up those of the calls that were sent, and takes them out of the list.
  void AbandonAway(std::vector<CallId>* calls);
  // True if the call is that of an op that another shard answers.
  bool IsAway(CallId call) const { return away_.contains(call); }

  void OnMail(uint32_t from, std::vector<ShardMail> mail);
  // Sends what gathered in this turn, as far as it may leave.
  void Flush();
  void Meet(const Dispatcher& other);

  // Tells all shards of a session that was opened here, and then answers.
  void TellOpened(const Submission& submission, SessionId session, const v1::SessionLabel& label,
                  std::string reply);
  // Tells all shards that a session is over whose home this is.
  void TellEnded(SessionId session);
  // Answers when all know of the session's end, which was told just now.
  void AnswerWhenEnded(const Submission& submission);
  // Tell a session's home of a connection. False if that is this shard.
  bool TellAttached(SessionId session);
  bool TellDetached(SessionId session, const transport::Connection& connection);

  // Tells the other shards how far lanes came whose ops passed here. They may keep answers of them,
  // and see no more ops.
  void TellAcknowledgedIfDue(TimeMs now);
  // When there is something to tell, or kNever.
  TimeMs due() const { return std::min(due_, rings_.due()); }
  // Finds rings of waiting owners over several shards.
  ShardRings& rings() { return rings_; }

  // Fills in this shard's line.
  void Describe(v1::AdminStatusReply* status) const;

 private:
  friend class ShardCaller;
  // An op that others answer.
  struct Away {
    uint32_t shard = 0;              // Where it was sent ...
    std::unique_ptr<Gather> gather;  // ... or what is gathered from several.
    int64_t bytes = 0;               // Of the request.
    bool parked = false;             // The owner told.
  };
  struct Outbox {
    std::vector<ShardMail> ready;
    // What has to wait for the journal, in order.
    std::deque<std::pair<transport::OutputMark, ShardMail>> held;
  };

  // Where an op is to be done.
  enum class Where { kHere, kShard, kAll, kRelease };
  Where FindShard(const Submission& submission, uint32_t* shard) const;
  // Sends an op to one shard.
  void Forward(uint32_t shard, const Submission& submission);
  // Sends the op to all shards, this one too.
  void GatherFromAll(const Submission& submission);
  // Sends Object.Release to the shards of the objects that it names.
  void Scatter(const Submission& submission);
  // Parks the op at the edge until others answered it.
  CallId Park(const Submission& submission, Away away);
  // Sends an op, or does it if it is this shard's.
  void SendOrDo(uint32_t shard, OpMail mail);
  OpMail MailOf(CallId call, const Submission& submission) const;
  void Send(uint32_t to, ShardMail mail, const transport::OutputMark& mark = {});
  // Has the engine know a session that was opened on another shard.
  void Introduce(SessionId session);
  void NoteAcknowledged(const Submission& submission);
  // Tells all other shards that a session is over; they answer the call, if it is one.
  void SendEnded(CallId call, SessionId session);
  void Finish(CallId call, engine::Reply reply);

  void On(uint32_t from, OpMail mail);
  void On(uint32_t from, ReplyMail mail);
  void On(uint32_t from, const ParkedMail& mail);
  void On(uint32_t from, const CancelMail& mail);
  void On(uint32_t from, const AbandonMail& mail);
  void On(uint32_t from, OpenedMail mail);
  void On(uint32_t from, const EndedMail& mail);
  void On(uint32_t from, const AttachedMail& mail);
  void On(uint32_t from, const DetachedMail& mail);
  void On(uint32_t from, const AcknowledgedMail& mail);

  Dispatcher& dispatcher_;
  const engine::Placement placement_;
  ShardPost& post_;
  std::vector<std::unique_ptr<ShardCaller>> callers_;  // By shard.
  std::vector<Outbox> outboxes_;                       // By shard, to this one too.
  std::unordered_map<CallId, Away> away_;
  std::map<SessionId, v1::SessionLabel> labels_;  // Of sessions whose home is another shard.
  std::map<std::pair<SessionId, uint32_t>, uint64_t> acknowledged_;  // By lane, since last told.
  TimeMs due_ = engine::kNever;
  ShardRings rings_;
  uint64_t forwarded_ = 0;
  bool flushing_ = false;
};

}  // namespace coheld::dispatch
