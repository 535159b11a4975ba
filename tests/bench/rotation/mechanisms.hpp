// SPDX-License-Identifier: Apache-2.0
// How a gateway proves itself to Kafka, and how the credential is changed on the broker's side: one row for each. A
// further mechanism is a further row. Thread: one cell has one mechanism of its own. Failure: what cannot be set up
// ends the program; what cannot be shown here is told by obstacle().
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/delivery/method.hpp"
#include "support/gateway_world.hpp"

namespace embergate::bench {

// Versions count from 0; a cell goes 0, 1, 2 …
class Mechanism {
 public:
  Mechanism() = default;
  virtual ~Mechanism() = default;
  Mechanism(const Mechanism&) = delete;
  Mechanism& operator=(const Mechanism&) = delete;

  // Users and the like on the broker, so that version 0 is accepted; and the vault's entries for files that `method`
  // delivers.
  virtual void prepare(test::GatewayWorld& world) = 0;
  // What the files hold for a version.
  virtual test::delivery::Values files(int version) = 0;
  virtual void describe(test::samples::Destination& destination) = 0;
  // From now on the broker takes this version; where a user has one password it takes no other.
  virtual void accept(int version) = 0;
  // From now on it does not take this version.
  virtual void revoke(int version) = 0;
};

struct MechanismRow {
  std::string_view name;
  std::unique_ptr<Mechanism> (*make)();
  std::string_view impossible;  // why no cell of it can run here; empty: they can
};

[[nodiscard]] const std::vector<MechanismRow>& mechanisms();

}  // namespace embergate::bench
