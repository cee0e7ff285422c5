// See reference_objects.h.
#include "tests/bench/reference_objects.h"

#include <utility>

#include "proto/wire/check.h"
#include "proto/wire/methods.h"

namespace coheld::bench {

ReferenceObjects::ReferenceObjects() : handlers_(wire::kMethodNumberEnd) {
  Register<v1::AdminDeleteRequest, v1::AdminDeleteReply>("/coheld.v1.Admin/Delete");
  Register<v1::DictGetRequest, v1::DictGetReply>("/coheld.v1.Dict/Get");
  Register<v1::DictSetRequest, v1::DictChangeReply>("/coheld.v1.Dict/Set");
  Register<v1::DictSetManyRequest, v1::DictChangeReply>("/coheld.v1.Dict/SetMany");
  Register<v1::ListAppendRequest, v1::ListChangeReply>("/coheld.v1.List/Append");
  Register<v1::QueuePutRequest, v1::QueuePutReply>("/coheld.v1.Queue/Put");
  Register<v1::QueueGetRequest, v1::QueueGetReply>("/coheld.v1.Queue/Get");
  Register<v1::SharedValueModifyRequest, v1::SharedValueModifyReply>(
      "/coheld.v1.SharedValue/Modify");
}

// The messages stay, so that their strings keep their room.
template <typename Request, typename Reply>
void ReferenceObjects::Register(const char* path) {
  const wire::MethodRow* row = wire::FindMethod(path);
  COHELD_CHECK(row != nullptr);
  handlers_[row->number] = [this, request = Request(), reply = Reply()](const std::string& payload,
                                                                        std::string* out) mutable {
    if (!request.ParseFromString(payload)) return false;
    reply.Clear();
    Handle(request, &reply);
    return reply.SerializeToString(out);
  };
}

void ReferenceObjects::HandleFrame(const v1::CallRequest& frame, v1::CallReply* reply) {
  reply->set_id(frame.id());
  const uint32_t method = frame.method();
  if (method < handlers_.size() && handlers_[method] &&
      handlers_[method](frame.payload(), reply->mutable_payload())) {
    return;
  }
  reply->mutable_error()->set_code(12);
  reply->mutable_error()->set_message("the reference does not know this method");
}

void ReferenceObjects::Handle(v1::SessionOpenRequest& /*request*/, v1::SessionOpenReply* reply) {
  reply->set_session(1);
  reply->set_token("reference");
}

void ReferenceObjects::Handle(v1::AdminDeleteRequest& request, v1::AdminDeleteReply* reply) {
  const std::string& name = request.name();
  reply->set_deleted(
      dicts_.erase(name) + lists_.erase(name) + queues_.erase(name) + numbers_.erase(name) > 0);
}

void ReferenceObjects::Handle(v1::DictGetRequest& request, v1::DictGetReply* reply) {
  const Dict& dict = dicts_[request.name()];
  const auto found = dict.find(request.key().text());
  if (found != dict.end()) *reply->mutable_value() = found->second;
  reply->set_version(1);
}

void ReferenceObjects::Handle(v1::DictSetRequest& request, v1::DictChangeReply* reply) {
  Dict& dict = dicts_[request.name()];
  dict[request.key().text()].Swap(request.mutable_value());
  reply->set_length(dict.size());
  reply->set_version(1);
}

void ReferenceObjects::Handle(v1::DictSetManyRequest& request, v1::DictChangeReply* reply) {
  Dict& dict = dicts_[request.name()];
  for (v1::Entry& entry : *request.mutable_entries()) {
    dict[entry.key().text()].Swap(entry.mutable_value());
  }
  reply->set_length(dict.size());
  reply->set_version(1);
}

void ReferenceObjects::Handle(v1::ListAppendRequest& request, v1::ListChangeReply* reply) {
  std::vector<v1::Value>& list = lists_[request.name()];
  list.emplace_back().Swap(request.mutable_value());
  reply->set_length(list.size());
  reply->set_version(1);
}

void ReferenceObjects::Handle(v1::QueuePutRequest& request, v1::QueuePutReply* reply) {
  std::deque<v1::Value>& queue = queues_[request.name()];
  queue.emplace_back().Swap(request.mutable_value());
  reply->set_length(queue.size());
}

void ReferenceObjects::Handle(v1::QueueGetRequest& request, v1::QueueGetReply* reply) {
  std::deque<v1::Value>& queue = queues_[request.name()];
  if (queue.empty()) return;
  reply->mutable_value()->Swap(&queue.front());
  queue.pop_front();
}

void ReferenceObjects::Handle(v1::SharedValueModifyRequest& request,
                              v1::SharedValueModifyReply* reply) {
  int64_t& number = numbers_[request.name()];
  reply->mutable_previous()->set_integer(number);
  number += request.operand().integer();
  reply->mutable_value()->set_integer(number);
  reply->set_version(1);
}

}  // namespace coheld::bench
