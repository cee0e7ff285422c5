// The ops on a delivery. See coheld/task.h.
#include "coheld/task.h"

#include <iterator>

#include "client/cpp/src/op_builder.h"
#include "coheld/batch.h"
#include "coheld/v1/queue.pb.h"

namespace coheld {

std::vector<QueueLease> deliveries_of(const Client& client, const std::string& queue) {
  std::vector<QueueLease> all;
  while (true) {
    auto [page, done] =
        Direct(client).run(ops::queue_deliveries(queue, all.empty() ? 0 : all.back().number));
    const bool last = done || page.empty();
    std::move(page.begin(), page.end(), std::back_inserter(all));
    if (last) return all;
  }
}

Leased::Leased(const Client& client, Ref queue, QueueDelivery delivery)
    : client_(client), queue_(std::move(queue)), delivery_(std::move(delivery)) {}

Leased::Leased(Leased&& other) noexcept
    : client_(other.client_),
      queue_(std::move(other.queue_)),
      delivery_(std::move(other.delivery_)),
      open_(std::exchange(other.open_, false)) {}

Leased::~Leased() {
  if (!open_) return;
  try {
    const auto op = ops::queue_nack(queue_.name, number(), std::chrono::milliseconds(0));
    const PipelinedCall call{.method = op.method, .request = op.request};
    client_.post({&call, 1});
  } catch (...) {  // The end of the session or of the visibility gives it back.
  }
}

uint64_t Leased::ack() {
  const uint64_t left = Direct(client_).run(ops::queue_ack(queue_.name, number()));
  open_ = false;
  return left;
}

bool Leased::nack(std::chrono::milliseconds delay) {
  const bool dead = Direct(client_).run(ops::queue_nack(queue_.name, number(), delay));
  open_ = false;
  return dead;
}

void Leased::extend(std::chrono::milliseconds visibility) {
  Direct(client_).run(ops::queue_extend(queue_.name, number(), visibility));
}

void Leased::complete(Batch& writes) {
  writes.complete(queue_.name, number());
  open_ = false;
}

void Batch::complete(const std::string& queue, uint64_t delivery) {
  static constinit core::MethodNumber method("/coheld.v1.Queue/Complete");
  const std::vector<Batched::Entry> entries = std::exchange(*runner_.entries_, {});
  const auto kept = std::exchange(*runner_.kept_, {});
  auto request = core::Named<v1::QueueCompleteRequest>(queue);
  request.set_delivery(delivery);
  for (const Batched::Entry& entry : entries) {
    v1::QueueWrite& write = *request.add_writes();
    write.set_method(entry.method);
    write.set_payload(entry.request);
  }
  auto reply =
      core::ParseReply<v1::QueueCompleteReply>(client_.call(method, request.SerializeAsString()));
  const Receiving receiving(client_);
  for (size_t i = 0; i < entries.size(); ++i) {
    CallResult result;
    if (static_cast<int>(i) < reply.replies_size()) {
      result.reply = std::move(*reply.mutable_replies(static_cast<int>(i)));
    }
    entries[i].answer->take(result);
  }
}

}  // namespace coheld
