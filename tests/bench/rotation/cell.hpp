// SPDX-License-Identifier: Apache-2.0
// One cell of the matrix: a gateway of its own under load, whose credential is rotated some times by one mechanism, in
// one order, through one way of delivery; and what that did to the records. Thread: cells may run side by side, each
// on one thread. Units: milliseconds. Failure: a cell that could not be shown says why in `fault`.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "bench/rotation/mechanisms.hpp"
#include "support/delivery/method.hpp"

namespace embergate::bench {

// kTogether: both within the same moment. kRevoked: the broker refuses the old credential and ends its connections,
// then the file follows.
enum class Order { kFileFirst, kBrokerFirst, kTogether, kRevoked };
inline constexpr Order kOrders[] = {Order::kFileFirst, Order::kBrokerFirst, Order::kTogether, Order::kRevoked};
[[nodiscard]] std::string_view to_string(Order order);

struct Cell {
  const MechanismRow* mechanism = nullptr;
  Order order = Order::kBrokerFirst;
  const test::delivery::Kind* delivery = nullptr;
};

struct Outcome {
  std::string impossible;  // the reason why there is nothing to measure
  std::string fault;       // what went wrong; empty: all well
  std::size_t writes = 0;
  std::size_t lost = 0;
  std::size_t reordered = 0;
  std::size_t duplicated = 0;
  std::chrono::milliseconds longest_gap{0};  // between two records in the broker's log
  // Of each rotation, from the later of file and broker to the new credential in use.
  std::vector<std::chrono::milliseconds> waits;
  // The wait that so many of a hundred do not exceed; 0 without any.
  [[nodiscard]] std::chrono::milliseconds wait(std::size_t percent) const;
};

// Empty: the cell can run on this machine.
[[nodiscard]] std::string impossible(const Cell& cell);
[[nodiscard]] Outcome run(const Cell& cell, int rotations);

}  // namespace embergate::bench
