// SPDX-License-Identifier: Apache-2.0
// A string or number that is a name for something, and not just any string or number. Comparable, hashable, never
// converted silently.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace embergate::core {

template <class Tag, class Value = std::string>
class StrongId {
 public:
  StrongId() = default;
  explicit StrongId(Value value) : value_(std::move(value)) {}
  [[nodiscard]] const Value& value() const { return value_; }
  friend bool operator==(const StrongId&, const StrongId&) = default;
  friend auto operator<=>(const StrongId&, const StrongId&) = default;

 private:
  Value value_{};
};

}  // namespace embergate::core

template <class Tag, class Value>
struct std::hash<embergate::core::StrongId<Tag, Value>> {
  std::size_t operator()(const embergate::core::StrongId<Tag, Value>& id) const {
    return std::hash<Value>{}(id.value());
  }
};
