// The notation in which engine tests write requests and replies: `field=term field=term ...`. A
// term for a coheld Value is a Python literal; one for an enum is its last word or words (`LIFO`);
// one for a message is `{field=term ...}`; one for a repeated field is `[term, ...]`.
//
//   Values: None True False 5 -1.5 inf nan 18446744073709551616 "text" b"bytes" [1, 2] (1, 2) ()
//           {1, 2} set() {"key": 1} {} ref("name", "list") opaque("pickle", b"\x80")
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <google/protobuf/message.h>

#include "coheld/v1/common.pb.h"

namespace coheld::engine::testing {

struct Term;
using Fields = std::vector<std::pair<std::string, Term>>;

// One parsed term.
struct Term {
  enum class Kind { kWord, kNumber, kText, kBytes, kList, kTuple, kBraces, kCall };
  Kind kind = Kind::kWord;
  std::string text;         // The word, number, called word, or unescaped text.
  std::vector<Term> items;  // Of a list, tuple, set or call; of a map key, value, key, value, ...
  bool pairs = false;       // Braces with `key: value`, or empty: a map.
  Fields fields;            // Braces with `field=term`.
};

// A test that cannot be read, or goes on from what did not happen. Tests throw it; nothing in the
// daemon does.
class BadNotation : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Reads terms from text. Blanks separate and are skipped before each read.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool AtEnd();
  // Takes the token if it comes next.
  bool Take(std::string_view token);
  // Says whether the token comes next.
  bool Sees(std::string_view token);
  // Reads up to the next blank, or a quoted text.
  std::string Word();
  // Reads letters, digits and underscores; nothing if something else comes next.
  std::string Identifier();
  Term ReadTerm();
  // Reads `field=term` as often as it comes next.
  Fields ReadFields();
  std::string_view rest() const { return rest_; }

 private:
  std::string Quoted();
  std::vector<Term> ItemsUntil(std::string_view close);
  Term Braces();

  std::string_view rest_;
};

// Returns the value that a term denotes.
v1::Value ToValue(const Term& term);

// Sets the named fields of a message.
void Fill(const Fields& fields, google::protobuf::Message* message);

// Returns what differs, or nothing if each named field is as said. Fields that are not named are
// not looked at; `field=absent` says that it is not set; a repeated field must have as many items.
std::string Mismatch(const Fields& expected, const google::protobuf::Message& message);

// Writes a value or a message's set fields in the notation.
std::string Show(const v1::Value& value);
std::string Show(const google::protobuf::Message& message);

}  // namespace coheld::engine::testing
