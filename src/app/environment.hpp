// SPDX-License-Identifier: Apache-2.0
// The environment, read by the table of settings: a typed read checks the value against the setting's row and notes
// what is wrong, so that all faults of a start are known at once. Thread: start only. Failure: faults(), a line each:
// the setting, the value it has (never of a secret), and what it may have.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "embergate/core/result.hpp"

namespace embergate::app {

class Environment {
 public:
  explicit Environment(char** environment);
  [[nodiscard]] std::optional<std::string> text(const std::string& name) const;  // empty values count as absent
  // Each leaves its target as it is when the variable is absent or wrong. `name` is one of the table, or the old name
  // of `row`.
  void number(const std::string& name, const std::function<void(std::int64_t)>& take, std::string_view row = {});
  void boolean(const std::string& name, bool& target);
  [[nodiscard]] std::optional<std::string> choice(const std::string& name);
  // The value, overwritten where it stood.
  [[nodiscard]] std::optional<std::string> take_secret(const std::string& name);

  void refuse(std::string fault) { faults_.push_back(std::move(fault)); }
  // "NAME is "value": reason"
  void refuse_value(const std::string& name, std::string_view reason);
  [[nodiscard]] const std::vector<std::string>& faults() const { return faults_; }
  // BOX_* names that the table does not have, with their values.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> unknown() const;

 private:
  void refuse_kind(const std::string& name, std::string_view row);

  std::map<std::string, char*> values_;
  std::vector<std::string> faults_;
};

// A value as messages show it: in quotes, on one line, not longer than a line takes.
std::string shown_value(std::string_view value);

}  // namespace embergate::app
