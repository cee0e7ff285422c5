// See op_steps.h.
#include "tests/fuzz/op_steps.h"

#include <memory>
#include <vector>

#include <google/protobuf/message.h>

#include "server/engine/registry.h"
#include "tests/fuzz/shape.h"

namespace coheld::fuzz {
namespace {

using google::protobuf::Message;
using google::protobuf::MessageFactory;

// Returns the rows that the engine has an op for.
const std::vector<const wire::MethodRow*>& EngineMethods() {
  static const std::vector<const wire::MethodRow*> rows = [] {
    std::vector<const wire::MethodRow*> found;
    for (const wire::MethodRow& row : wire::Methods()) {
      if (engine::FindOp(row.number) != nullptr) found.push_back(&row);
    }
    return found;
  }();
  return rows;
}

const wire::MethodRow& MethodOf(uint16_t number) {
  const engine::OpRow* op = engine::FindOp(number);
  return op != nullptr ? *op->method : *EngineMethods()[number % EngineMethods().size()];
}

std::string ShapedPayload(ByteSource& bytes, const wire::MethodRow& method) {
  const Message* prototype =
      MessageFactory::generated_factory()->GetPrototype(method.descriptor->input_type());
  const std::unique_ptr<Message> request(prototype->New());
  Shape(bytes, request.get());
  return request->SerializeAsString();
}

}  // namespace

Step ReadStep(ByteSource& bytes) {
  Step step{.kind = static_cast<StepKind>(bytes.Below(kStepKinds))};
  if (step.kind == StepKind::kStampedOp) {
    step.lane = static_cast<uint32_t>(bytes.Below(3));
    step.seq = bytes.Byte();
    step.acked = bytes.Byte();
    step.token = bytes.Byte();
  }
  switch (step.kind) {
    case StepKind::kStampedOp:
    case StepKind::kRawOp:
    case StepKind::kShapedOp: {
      step.session = bytes.Below(kSessionSlots);
      step.thread = bytes.Below(3);
      const wire::MethodRow& method = MethodOf(bytes.Short());
      step.method = method.number;
      step.payload = step.kind == StepKind::kShapedOp ? ShapedPayload(bytes, method)
                                                      : std::string(bytes.Bytes(bytes.Short()));
      return step;
    }
    case StepKind::kCancel:
    case StepKind::kAbandon:
      step.calls_back = bytes.Byte();
      return step;
    case StepKind::kAdvance:
      step.milliseconds = bytes.Short();
      return step;
    case StepKind::kOpenSession:
    case StepKind::kEndSession:
      step.session = bytes.Below(kSessionSlots);
      return step;
  }
  return step;
}

}  // namespace coheld::fuzz
