// Server reflection, v1 and v1alpha
// (https://github.com/grpc/grpc/blob/master/doc/server-reflection.md), from the descriptors that
// are compiled in. The two versions differ in name only.
#pragma once

#include <string>
#include <string_view>

namespace coheld::dispatch {

inline constexpr std::string_view kReflectionPath =
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
inline constexpr std::string_view kReflectionAlphaPath =
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

// Answers one serialised ServerReflectionRequest; errors are replies of their own.
std::string ReflectionReply(std::string_view request);
std::string ReflectionAlphaReply(std::string_view request);

// True if the daemon serves a service of this full name.
bool IsService(std::string_view full_name);

}  // namespace coheld::dispatch
