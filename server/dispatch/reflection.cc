// See reflection.h.
#include "server/dispatch/reflection.h"

#include <set>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "proto/wire/methods.h"
#include "proto/wire/status.h"

namespace coheld::dispatch {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

const std::set<std::string, std::less<>>& ServiceNames() {
  static const auto* const names = [] {
    auto* built = new std::set<std::string, std::less<>>;
    for (const wire::MethodRow& row : wire::Methods()) {
      built->insert(row.descriptor->service()->full_name());
    }
    const FileDescriptor* const others[] = {
        grpc::health::v1::HealthCheckRequest::descriptor()->file(),
        grpc::reflection::v1::ServerReflectionRequest::descriptor()->file(),
        grpc::reflection::v1alpha::ServerReflectionRequest::descriptor()->file()};
    for (const FileDescriptor* file : others) built->insert(file->service(0)->full_name());
    return built;
  }();
  return *names;
}

void AddWithDependencies(const FileDescriptor* file, std::set<const FileDescriptor*>* seen,
                         std::vector<const FileDescriptor*>* files) {
  if (!seen->insert(file).second) return;
  files->push_back(file);
  for (int i = 0; i < file->dependency_count(); ++i) {
    AddWithDependencies(file->dependency(i), seen, files);
  }
}

template <typename Reply>
void SetError(wire::Code code, std::string message, Reply* reply) {
  reply->mutable_error_response()->set_error_code(static_cast<int>(code));
  reply->mutable_error_response()->set_error_message(std::move(message));
}

// Puts the file and all that it imports into the reply, or the error that there is no such thing.
template <typename Reply>
void SetFile(const FileDescriptor* file, const std::string& asked, Reply* reply) {
  if (file == nullptr) return SetError(wire::Code::kNotFound, "nothing is named " + asked, reply);
  std::set<const FileDescriptor*> seen;
  std::vector<const FileDescriptor*> files;
  AddWithDependencies(file, &seen, &files);
  auto* response = reply->mutable_file_descriptor_response();
  for (const FileDescriptor* each : files) {
    google::protobuf::FileDescriptorProto proto;
    each->CopyTo(&proto);
    response->add_file_descriptor_proto(proto.SerializeAsString());
  }
}

const FileDescriptor* FileOfExtension(const DescriptorPool& pool, const std::string& type,
                                      int number) {
  const Descriptor* extended = pool.FindMessageTypeByName(type);
  if (extended == nullptr) return nullptr;
  const FieldDescriptor* extension = pool.FindExtensionByNumber(extended, number);
  return extension == nullptr ? nullptr : extension->file();
}

template <typename Reply>
void SetExtensionNumbers(const DescriptorPool& pool, const std::string& type, Reply* reply) {
  const Descriptor* extended = pool.FindMessageTypeByName(type);
  if (extended == nullptr) return SetError(wire::Code::kNotFound, "no message type " + type, reply);
  std::vector<const FieldDescriptor*> extensions;
  pool.FindAllExtensions(extended, &extensions);
  auto* response = reply->mutable_all_extension_numbers_response();
  response->set_base_type_name(type);
  for (const FieldDescriptor* extension : extensions) {
    response->add_extension_number(extension->number());
  }
}

template <typename Request, typename Reply>
std::string Reflect(std::string_view bytes) {
  const DescriptorPool& pool = *DescriptorPool::generated_pool();
  Request request;
  Reply reply;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    SetError(wire::Code::kInvalidArgument, "the message is no ServerReflectionRequest", &reply);
    return reply.SerializeAsString();
  }
  reply.set_valid_host(request.host());
  *reply.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case Request::kFileByFilename:
      SetFile(pool.FindFileByName(request.file_by_filename()), request.file_by_filename(), &reply);
      break;
    case Request::kFileContainingSymbol:
      SetFile(pool.FindFileContainingSymbol(request.file_containing_symbol()),
              request.file_containing_symbol(), &reply);
      break;
    case Request::kFileContainingExtension: {
      const auto& asked = request.file_containing_extension();
      SetFile(FileOfExtension(pool, asked.containing_type(), asked.extension_number()),
              asked.containing_type() + " extension " + std::to_string(asked.extension_number()),
              &reply);
      break;
    }
    case Request::kAllExtensionNumbersOfType:
      SetExtensionNumbers(pool, request.all_extension_numbers_of_type(), &reply);
      break;
    case Request::kListServices:
      for (const std::string& name : ServiceNames()) {
        reply.mutable_list_services_response()->add_service()->set_name(name);
      }
      break;
    case Request::MESSAGE_REQUEST_NOT_SET:
      SetError(wire::Code::kInvalidArgument, "the request asks for nothing", &reply);
      break;
  }
  return reply.SerializeAsString();
}

}  // namespace

std::string ReflectionReply(std::string_view request) {
  return Reflect<grpc::reflection::v1::ServerReflectionRequest,
                 grpc::reflection::v1::ServerReflectionResponse>(request);
}

std::string ReflectionAlphaReply(std::string_view request) {
  return Reflect<grpc::reflection::v1alpha::ServerReflectionRequest,
                 grpc::reflection::v1alpha::ServerReflectionResponse>(request);
}

bool IsService(std::string_view full_name) {
  return ServiceNames().find(full_name) != ServiceNames().end();
}

}  // namespace coheld::dispatch
