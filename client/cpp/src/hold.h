// A client's hold on one object: what a Ref that came from a daemon carries.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "coheld/client.h"
#include "coheld/value.h"

namespace coheld::core {

// Shared by all handles and Refs of the object in this client.
class Hold {
 public:
  Hold(Client client, std::string name) : client_(std::move(client)), name_(std::move(name)) {}
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

  const Client& client() const { return client_; }
  const std::string& name() const { return name_; }

 private:
  const Client client_;
  const std::string name_;
};

// Returns a Ref as a reply carries it: it belongs to the client whose reply this thread reads
// (Receiving), or to none.
Ref ReceiveRef(std::string name, std::string type);

// Returns the hold on an object that a reply says was created.
std::shared_ptr<const Hold> ReceiveCreated(const std::string& name, bool created);

// Remembers an object that the request being built refers to, until TakeKept: moving a Ref into a
// message must not end the object's life before the daemon has the message.
void Keep(std::shared_ptr<const Hold> hold);
std::vector<std::shared_ptr<const Hold>> TakeKept();

}  // namespace coheld::core
