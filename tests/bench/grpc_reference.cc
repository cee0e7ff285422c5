// bench_grpc_reference ADDRESS...: what plain grpc++ makes of coheld's protos. The asynchronous API
// with one completion queue and one thread, thousands of calls waiting to be matched, messages and
// their memory used again; the objects are standard containers (reference_objects.h).
#include <csignal>
#include <cstdio>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include <grpcpp/grpcpp.h>

#include "coheld/v1/admin.grpc.pb.h"
#include "coheld/v1/dict.grpc.pb.h"
#include "coheld/v1/list.grpc.pb.h"
#include "coheld/v1/queue.grpc.pb.h"
#include "coheld/v1/session.grpc.pb.h"
#include "coheld/v1/shared_value.grpc.pb.h"
#include "tests/bench/reference_objects.h"

namespace coheld::bench {
namespace {

constexpr int kUnaryCallsWaiting = 1024;  // Of each method.

// What the completion queue gives back.
class Event {
 public:
  virtual ~Event() = default;
  virtual void Happen(bool ok) = 0;
};

// All that a call needs of the server.
struct Core {
  grpc::ServerCompletionQueue* queue;
  ReferenceObjects* objects;
};

// One unary call after the other.
template <typename Service, typename Request, typename Reply>
class UnaryCall final : public Event {
 public:
  using Match = void (Service::*)(grpc::ServerContext*, Request*,
                                  grpc::ServerAsyncResponseWriter<Reply>*, grpc::CompletionQueue*,
                                  grpc::ServerCompletionQueue*, void*);

  UnaryCall(const Core& core, Service* service, Match match)
      : core_(core), service_(service), match_(match) {
    Wait();
  }

  void Happen(bool ok) override {
    if (!replying_ && !ok) return;  // The server ends.
    if (replying_) return Wait();
    replying_ = true;
    reply_.Clear();
    core_.objects->Handle(request_, &reply_);
    writer_->Finish(reply_, grpc::Status::OK, this);
  }

 private:
  void Wait() {
    replying_ = false;
    writer_.reset();
    context_.emplace();
    writer_.emplace(&*context_);
    (service_->*match_)(&*context_, &request_, &*writer_, core_.queue, core_.queue, this);
  }

  const Core core_;
  Service* const service_;
  const Match match_;
  std::optional<grpc::ServerContext> context_;
  std::optional<grpc::ServerAsyncResponseWriter<Reply>> writer_;
  Request request_;
  Reply reply_;
  bool replying_ = false;
};

// One Session.Call stream. It deletes itself at its end.
class StreamCall {
 public:
  StreamCall(const Core& core, v1::Session::AsyncService* service)
      : core_(core), service_(service) {
    service_->RequestCall(&context_, &stream_, core_.queue, core_.queue, &opened_);
  }

 private:
  class Step final : public Event {
   public:
    Step(StreamCall* call, void (StreamCall::*happen)(bool)) : call_(call), happen_(happen) {}
    void Happen(bool ok) override { (call_->*happen_)(ok); }

   private:
    StreamCall* const call_;
    void (StreamCall::*const happen_)(bool);
  };

  void OnOpened(bool ok) {
    if (!ok) return delete this;  // The server ends.
    new StreamCall(core_, service_);
    stream_.Read(&request_, &read_);
  }

  void OnRead(bool ok) {
    if (!ok) {
      ended_ = true;
      if (!writing_) stream_.Finish(grpc::Status::OK, &finished_);
      return;
    }
    core_.objects->HandleFrame(request_, &waiting_.emplace_back());
    if (!writing_) Write();
    stream_.Read(&request_, &read_);
  }

  void OnWritten(bool ok) {
    waiting_.pop_front();
    if (!ok) waiting_.clear();
    writing_ = false;
    if (!waiting_.empty()) return Write();
    if (ended_) stream_.Finish(grpc::Status::OK, &finished_);
  }

  void OnFinished(bool /*ok*/) { delete this; }

  void Write() {
    writing_ = true;
    grpc::WriteOptions options;
    if (waiting_.size() > 1) options.set_buffer_hint();  // More follows at once.
    stream_.Write(waiting_.front(), options, &written_);
  }

  const Core core_;
  v1::Session::AsyncService* const service_;
  grpc::ServerContext context_;
  grpc::ServerAsyncReaderWriter<v1::CallReply, v1::CallRequest> stream_{&context_};
  v1::CallRequest request_;
  std::deque<v1::CallReply> waiting_;
  bool writing_ = false;
  bool ended_ = false;  // The client sends no more.
  Step opened_{this, &StreamCall::OnOpened};
  Step read_{this, &StreamCall::OnRead};
  Step written_{this, &StreamCall::OnWritten};
  Step finished_{this, &StreamCall::OnFinished};
};

class Server {
 public:
  // False if an address cannot be listened on.
  bool Start(const std::vector<std::string>& addresses) {
    grpc::ServerBuilder builder;
    std::vector<int> ports(addresses.size());
    for (size_t i = 0; i < addresses.size(); ++i) {
      builder.AddListeningPort(addresses[i], grpc::InsecureServerCredentials(), &ports[i]);
    }
    builder.SetMaxReceiveMessageSize(-1);
    for (grpc::Service* service : std::initializer_list<grpc::Service*>{
             &admin_, &dict_, &list_, &queue_, &value_, &session_}) {
      builder.RegisterService(service);
    }
    completions_ = builder.AddCompletionQueue();
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) return false;
    for (int port : ports) {
      if (port == 0) return false;
    }
    return true;
  }

  // Serves for ever.
  void Run() {
    const Core core{completions_.get(), &objects_};
    Wait(core, &session_, &v1::Session::AsyncService::RequestOpen);
    Wait(core, &admin_, &v1::Admin::AsyncService::RequestDelete);
    Wait(core, &dict_, &v1::Dict::AsyncService::RequestGet);
    Wait(core, &dict_, &v1::Dict::AsyncService::RequestSet);
    Wait(core, &dict_, &v1::Dict::AsyncService::RequestSetMany);
    Wait(core, &list_, &v1::List::AsyncService::RequestAppend);
    Wait(core, &queue_, &v1::Queue::AsyncService::RequestPut);
    Wait(core, &queue_, &v1::Queue::AsyncService::RequestGet);
    Wait(core, &value_, &v1::SharedValue::AsyncService::RequestModify);
    for (int i = 0; i < kUnaryCallsWaiting; ++i) new StreamCall(core, &session_);
    void* tag = nullptr;
    bool ok = false;
    while (completions_->Next(&tag, &ok)) static_cast<Event*>(tag)->Happen(ok);
  }

 private:
  template <typename Service, typename Request, typename Reply, typename Derived>
  void Wait(const Core& core, Derived* service,
            void (Service::*match)(grpc::ServerContext*, Request*,
                                   grpc::ServerAsyncResponseWriter<Reply>*, grpc::CompletionQueue*,
                                   grpc::ServerCompletionQueue*, void*)) {
    for (int i = 0; i < kUnaryCallsWaiting; ++i) {
      calls_.push_back(std::make_unique<UnaryCall<Service, Request, Reply>>(core, service, match));
    }
  }

  ReferenceObjects objects_;
  v1::Admin::AsyncService admin_;
  v1::Dict::AsyncService dict_;
  v1::List::AsyncService list_;
  v1::Queue::AsyncService queue_;
  v1::SharedValue::AsyncService value_;
  v1::Session::AsyncService session_;
  std::unique_ptr<grpc::ServerCompletionQueue> completions_;
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::unique_ptr<Event>> calls_;
};

int Main(const std::vector<std::string>& addresses) {
  std::signal(SIGPIPE, SIG_IGN);
  Server server;
  if (!server.Start(addresses)) {
    std::fprintf(stderr, "bench_grpc_reference: cannot listen\n");
    return 1;
  }
  server.Run();
  return 0;
}

}  // namespace
}  // namespace coheld::bench

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench_grpc_reference unix:PATH|HOST:PORT...\n");
    return 2;
  }
  return coheld::bench::Main({argv + 1, argv + argc});
}
