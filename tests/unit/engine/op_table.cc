// See op_table.h.
#include "tests/unit/engine/op_table.h"

#include <algorithm>

#include "proto/wire/methods.h"
#include "proto/wire/status.h"
#include "tests/unit/engine/reload.h"

namespace coheld::engine::testing {
namespace {

using google::protobuf::Message;
using google::protobuf::MessageFactory;

std::unique_ptr<Message> NewMessage(const google::protobuf::Descriptor* type) {
  return std::unique_ptr<Message>(MessageFactory::generated_factory()->GetPrototype(type)->New());
}

const wire::MethodRow& MethodNamed(const std::string& name) {
  for (const wire::MethodRow& row : wire::Methods()) {
    if (row.name == name) return row;
  }
  throw BadNotation("no method \"" + name + "\"");
}

std::string_view Trim(std::string_view line) {
  const size_t start = std::min(line.find_first_not_of(" \t"), line.size());
  line.remove_prefix(start);
  return line.substr(0, line.find_last_not_of(" \t") + 1);
}

bool StartsStatement(std::string_view line) {
  for (const std::string_view verb :
       {"- ", "-!", "session ", "end ", "advance ", "stall ", "restart ", "cancel ", "abandon "}) {
    if (line.starts_with(verb)) return true;
  }
  return line.size() > 1 && line[0] == 's' && line[1] >= '0' && line[1] <= '9';
}

// Splits a table into statements, joining continuation lines and leaving out comments.
std::vector<std::string> Statements(std::string_view table) {
  std::vector<std::string> statements;
  while (!table.empty()) {
    const size_t end = std::min(table.find('\n'), table.size());
    const std::string_view line = Trim(table.substr(0, end));
    table.remove_prefix(std::min(end + 1, table.size()));
    if (line.empty() || line.starts_with("//")) continue;
    if (statements.empty() || StartsStatement(line)) {
      statements.emplace_back(line);
    } else {
      statements.back() += " ";
      statements.back() += line;
    }
  }
  return statements;
}

// Reads "#a".
std::string ReadTag(Reader* reader) {
  if (!reader->Take("#")) throw BadNotation("a #tag is missing");
  return "#" + reader->Identifier();
}

}  // namespace

void OpTable::Run(std::string_view table) {
  for (const std::string& statement : Statements(table)) {
    SCOPED_TRACE(statement);
    try {
      RunStatement(statement);
    } catch (const BadNotation& bad) {
      ADD_FAILURE() << bad.what();
      replies_.clear();
    }
    for (const Reply& reply : replies_) ADD_FAILURE() << "unexpected reply: " << ShowReply(reply);
    replies_.clear();
    if (reload_bytes_left_ == 0) continue;
    reload_bytes_left_ -= std::min(reload_bytes_left_, Reload(&engine_));
    engine_->SetInputLog(&shadow_);
  }
}

void OpTable::RunStatement(std::string_view statement) {
  Reader reader(statement);
  const std::string verb = reader.Word();
  std::vector<Reply> replies;
  if (verb == "session") {
    OwnerNamed(reader.Word());
  } else if (verb == "end") {
    engine_->EndSession(OwnerNamed(reader.Word()).session, now_, &replies);
  } else if (verb == "advance") {
    now_ = After(now_, std::stoull(reader.Word()));
    engine_->Advance(now_, &replies);
  } else if (verb == "stall") {
    const uint64_t stalled_ms = std::stoull(reader.Word());
    now_ = After(now_, stalled_ms);
    engine_->Rearm(stalled_ms, now_, &replies);
    engine_->Advance(now_, &replies);
  } else if (verb == "restart") {
    now_ = After(now_, std::stoull(reader.Word()));
    engine_->Resume(now_, &replies);
    engine_->Advance(now_, &replies);
  } else if (verb == "abandon") {
    const CallId call = CallTagged(ReadTag(&reader));
    const bool stays = !engine_->Abandon(call, now_, &replies);
    EXPECT_EQ(stays, engine_->parked().contains(call));
  } else if (verb == "cancel") {
    const Failure cancelled{v1::ERROR_REASON_CANCELLED, "the caller cancelled the op"};
    engine_->Cancel(CallTagged(ReadTag(&reader)), cancelled, now_, &replies);
  } else {
    return RunOp(verb, &reader);
  }
  replies_.assign(replies.begin(), replies.end());
  reader.Take("->");
  ExpectWoken(&reader);
}

void OpTable::RunOp(const std::string& who, Reader* reader) {
  const Stamp stamp = StampOf(who);
  const wire::MethodRow& method = MethodNamed(reader->Word());
  const std::unique_ptr<Message> request = NewMessage(method.descriptor->input_type());
  Reader ahead = *reader;
  if (!ahead.AtEnd() && !ahead.Sees("->") && ahead.ReadFields().empty()) {
    const Term name{.kind = Term::Kind::kText, .text = reader->Word()};
    Fill({{"name", name}}, request.get());
  }
  Fill(reader->ReadFields(), request.get());
  calls_[stamp.call] = {.method = &method};
  std::vector<Reply> replies;
  waits_ = engine_->Apply(stamp, method.number, request->SerializeAsString(), &replies);
  replies_.assign(replies.begin(), replies.end());
  if (!reader->Take("->")) throw BadNotation("-> is missing at " + std::string(reader->rest()));
  ExpectOwn(reader);
  reader->Take(";");
  ExpectWoken(reader);
}

Stamp OpTable::StampOf(std::string who) {
  Stamp stamp{.call = CallId{++last_call_}, .now = now_};
  if (const size_t at = who.find('%'); at != std::string::npos) {
    site_ = who.substr(at + 1);
    stamp.site = site_;
    who.resize(at);
  }
  if (const size_t at = who.find('!'); at != std::string::npos) {
    stamp.token = std::stoull(who.substr(at + 1));
    who.resize(at);
  }
  const size_t at = std::min(who.find('@'), who.size());
  stamp.owner = OwnerNamed(who.substr(0, at));
  if (at == who.size()) return stamp;
  const size_t dot = who.find('.', at);
  const size_t caret = std::min(who.find('^', at), who.size());
  if (dot == std::string::npos) throw BadNotation(who + " is not session@lane.seq");
  stamp.lane = static_cast<uint32_t>(std::stoul(who.substr(at + 1, dot - at - 1)));
  stamp.seq = std::stoull(who.substr(dot + 1, caret - dot - 1));
  if (caret < who.size()) stamp.acked = std::stoull(who.substr(caret + 1));
  return stamp;
}

Owner OpTable::OwnerNamed(std::string_view who) {
  if (who == "-") return {};
  const size_t slash = std::min(who.find("/t"), who.size());
  if (!who.starts_with("s") || slash < 2)
    throw BadNotation("\"" + std::string(who) + "\" is nobody");
  Owner owner{.session = SessionId{std::stoull(std::string(who.substr(1, slash - 1)))}};
  if (slash < who.size()) owner.thread = std::stoull(std::string(who.substr(slash + 2)));
  if (seen_sessions_.insert(owner.session).second) {
    v1::SessionLabel label;
    label.set_program(std::string(who.substr(0, slash)));
    engine_->OpenSession(owner.session, label, 10'000, now_);
  }
  return owner;
}

CallId OpTable::CallTagged(const std::string& tag) const {
  const auto found = tags_.find(tag);
  if (found == tags_.end()) throw BadNotation("nothing was parked as " + tag);
  return found->second;
}

void OpTable::ExpectOwn(Reader* reader) {
  const CallId own{last_call_};
  if (reader->Take("parked")) {
    if (!engine_->parked().contains(own)) {
      throw BadNotation("it did not park: " + ShowReply(replies_.front()));
    }
    const std::string tag = ReadTag(reader);
    calls_[own].tag = tag;
    tags_[tag] = own;
  } else if (reader->Take("copy")) {
    const std::string tag = ReadTag(reader);
    EXPECT_EQ(waits_, CallTagged(tag)) << "it is no copy of " << tag;
  } else if (replies_.empty() || replies_.front().call != own) {
    throw BadNotation(engine_->parked().contains(own) ? "it parked" : "it got no reply");
  } else {
    ExpectReply(reader, replies_.front());
    replies_.pop_front();
  }
}

void OpTable::ExpectWoken(Reader* reader) {
  while (reader->Sees("#")) {
    const std::string tag = ReadTag(reader);
    if (replies_.empty()) throw BadNotation("no reply for " + tag);
    const Reply reply = replies_.front();
    replies_.pop_front();
    EXPECT_EQ(calls_[reply.call].tag, tag) << "the reply: " << ShowReply(reply);
    ExpectReply(reader, reply);
    if (!reader->Take(";")) break;
  }
  if (!reader->AtEnd()) throw BadNotation("do not understand " + std::string(reader->rest()));
}

void OpTable::ExpectReply(Reader* reader, const Reply& reply) {
  transcript_ += ShowReply(reply) + "\n";
  SCOPED_TRACE("the reply: " + ShowReply(reply));
  const Fields fields = reader->ReadFields();
  if (fields.empty() && !reader->Take("ok")) return ExpectFailure(reader, reply);
  ASSERT_FALSE(reply.failure) << "it failed";
  EXPECT_EQ(Mismatch(fields, *Decode(reply)), "");
}

void OpTable::ExpectFailure(Reader* reader, const Reply& reply) {
  const std::string reason = reader->Identifier();
  if (wire::ReasonOf(reason) == v1::ERROR_REASON_UNSPECIFIED) {
    throw BadNotation("\"" + reason + "\" is no result");
  }
  const std::string part = reader->Sees("\"") ? reader->Word() : "";
  ASSERT_TRUE(reply.failure) << "it succeeded";
  EXPECT_EQ(wire::ReasonWord(reply.failure->reason), reason);
  EXPECT_NE(reply.failure->message.find(part), std::string::npos) << part;
}

std::unique_ptr<Message> OpTable::Decode(const Reply& reply) const {
  std::unique_ptr<Message> message =
      NewMessage(calls_.at(reply.call).method->descriptor->output_type());
  EXPECT_TRUE(message->ParseFromString(reply.payload));
  return message;
}

std::string OpTable::ShowReply(const Reply& reply) const {
  const std::string& tag = calls_.at(reply.call).tag;
  const std::string lead = (tag.empty() ? calls_.at(reply.call).method->name : tag) + " ";
  if (!reply.failure) return lead + Show(*Decode(reply));
  return lead + wire::ReasonWord(reply.failure->reason) + " \"" + reply.failure->message + "\"";
}

}  // namespace coheld::engine::testing
