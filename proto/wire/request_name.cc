// See request_name.h.
#include "proto/wire/request_name.h"

#include "proto/wire/fields.h"

namespace coheld::wire {

std::string_view TextField(std::string_view message, uint32_t number) {
  std::string_view text;
  FieldReader fields(message);
  while (fields.Next()) {
    if (fields.tag() == FieldTag(number, WireType::kBytes)) text = fields.bytes();
  }
  return text;
}

// Serialisers write fields in order; of a request that is written otherwise all are read.
std::string_view NameIn(std::string_view request) {
  FieldReader fields(request);
  if (fields.Next() && fields.tag() == FieldTag(1, WireType::kBytes)) return fields.bytes();
  return TextField(request, 1);
}

}  // namespace coheld::wire
