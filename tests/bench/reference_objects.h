// The objects of the grpc++ reference server: coheld's messages on standard containers, as simple
// as they can be. No versions, no waiting, no owners, no limits.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "coheld/v1/admin.pb.h"
#include "coheld/v1/dict.pb.h"
#include "coheld/v1/list.pb.h"
#include "coheld/v1/queue.pb.h"
#include "coheld/v1/session.pb.h"
#include "coheld/v1/shared_value.pb.h"

namespace coheld::bench {

class ReferenceObjects {
 public:
  ReferenceObjects();

  // Each takes a request whose values it may move away, and fills in a fresh reply.
  void Handle(v1::SessionOpenRequest& request, v1::SessionOpenReply* reply);
  void Handle(v1::AdminDeleteRequest& request, v1::AdminDeleteReply* reply);
  void Handle(v1::DictGetRequest& request, v1::DictGetReply* reply);
  void Handle(v1::DictSetRequest& request, v1::DictChangeReply* reply);
  void Handle(v1::DictSetManyRequest& request, v1::DictChangeReply* reply);
  void Handle(v1::ListAppendRequest& request, v1::ListChangeReply* reply);
  void Handle(v1::QueuePutRequest& request, v1::QueuePutReply* reply);
  void Handle(v1::QueueGetRequest& request, v1::QueueGetReply* reply);
  void Handle(v1::SharedValueModifyRequest& request, v1::SharedValueModifyReply* reply);

  // Does an op of the Call stream. An unknown method is answered with an error.
  void HandleFrame(const v1::CallRequest& frame, v1::CallReply* reply);

 private:
  using Dict = std::unordered_map<std::string, v1::Value>;

  // Does an op of the Call stream: request in, reply out. False if the request is damaged.
  using FrameHandler = std::function<bool(const std::string& payload, std::string* reply)>;

  template <typename Request, typename Reply>
  void Register(const char* path);

  std::unordered_map<std::string, Dict> dicts_;
  std::unordered_map<std::string, std::vector<v1::Value>> lists_;
  std::unordered_map<std::string, std::deque<v1::Value>> queues_;
  std::unordered_map<std::string, int64_t> numbers_;
  std::vector<FrameHandler> handlers_;  // By method number.
};

}  // namespace coheld::bench
