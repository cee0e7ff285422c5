// A client's hold on one object: what a Ref that came from a daemon carries. What is to be given
// back, and when, is hold_table.h's.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coheld/client.h"
#include "coheld/value.h"

namespace coheld::core {

// Shared by all handles and Refs of the object in this client, if it is anonymous.
class Hold {
 public:
  // kYes: the client's table counts it, and the last one gives back what was given.
  enum class Counted { kNo, kYes };

  Hold(Client client, std::string name, Counted counted)
      : client_(std::move(client)), name_(std::move(name)), counted_(counted) {}
  // Never throws, and waits for nothing.
  ~Hold();
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

  const Client& client() const { return client_; }
  const std::string& name() const { return name_; }

 private:
  const Client client_;
  const std::string name_;
  const Counted counted_;
};

// Returns a Ref as a reply carries it: it belongs to the client whose reply this thread reads
// (Receiving), or to none.
Ref ReceiveRef(std::string name, std::string type);

// Returns true for names that the daemon gave.
bool IsAnonymous(std::string_view name);

// Returns the hold on an object that a reply says was created; null if it was not.
std::shared_ptr<const Hold> ReceiveCreated(const std::string& name, bool created);

// Remembers an object that the request being built refers to, until TakeKept: moving a Ref into a
// message must not end the object's life before the daemon has the message.
void Keep(std::shared_ptr<const Hold> hold);
std::vector<std::shared_ptr<const Hold>> TakeKept();

}  // namespace coheld::core
