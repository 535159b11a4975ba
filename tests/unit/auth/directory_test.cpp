// SPDX-License-Identifier: Apache-2.0
#include "auth/directory.hpp"

#include <gtest/gtest.h>

namespace embergate::auth {
namespace {

struct Clients {
  Directory directory;

  void add(const std::string& id) {
    ClientRecord client;
    client.id = id;
    directory.add_stand_in(directory.clients.emplace(id, std::move(client)).first->second);
  }
  void remove(const std::string& id) {
    directory.stand_ins.erase(mark_of_client(id));
    directory.clients.erase(id);
  }
  [[nodiscard]] std::map<std::string, std::string> stand_ins() const {
    std::map<std::string, std::string> found;
    for (int i = 0; i < 500; ++i) {
      const std::string id = "unknown-" + std::to_string(i);
      const ClientRecord* one = directory.stand_in_of(mark_of_client(id));
      found[id] = one == nullptr ? std::string() : one->id;
    }
    return found;
  }
};

TEST(Directory, HasNoStandInWithoutAClient) { EXPECT_EQ(Directory{}.stand_in_of(mark_of_client("unknown")), nullptr); }

// What an id costs would change, and tell that there is another client.
TEST(Directory, AClientThatComesOrGoesChangesTheStandInOfNoIdButThoseItStandsInFor) {
  Clients clients;
  for (int i = 0; i < 20; ++i) clients.add("client-" + std::to_string(i));
  const auto before = clients.stand_ins();
  clients.add("new");
  int moved = 0;
  for (const auto& [id, stand_in] : clients.stand_ins()) {
    if (stand_in == before.at(id)) continue;
    EXPECT_EQ(stand_in, "new") << id;
    ++moved;
  }
  EXPECT_LT(moved, 400);
  clients.remove("new");
  EXPECT_EQ(clients.stand_ins(), before);
}

}  // namespace
}  // namespace embergate::auth
