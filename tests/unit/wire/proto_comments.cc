// See proto_comments.h.
#include "tests/unit/wire/proto_comments.h"

#include <algorithm>
#include <fstream>

#include <google/protobuf/descriptor.pb.h>

#include "proto/wire/check.h"

namespace coheld::wire::testing {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;

const std::vector<const FileDescriptor*>& ProtoFiles() {
  static const auto* const files = [] {
    FileDescriptorSet set;
    std::ifstream stream(COHELD_DESCRIPTOR_SET, std::ios::binary);
    COHELD_CHECK(set.ParseFromIstream(&stream));
    static DescriptorPool pool;
    auto* built = new std::vector<const FileDescriptor*>;
    for (const FileDescriptorProto& proto : set.file()) {  // Imports come first.
      const FileDescriptor* file = pool.BuildFile(proto);
      COHELD_CHECK(file != nullptr);
      if (file->package() == "coheld.v1") built->push_back(file);
    }
    std::sort(built->begin(), built->end(),
              [](const auto* a, const auto* b) { return a->name() < b->name(); });
    return built;
  }();
  return *files;
}

}  // namespace coheld::wire::testing
