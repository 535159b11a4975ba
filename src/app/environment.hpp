// SPDX-License-Identifier: Apache-2.0
// The environment as a table that knows which names were asked for, so that misspelt BOX_* names can be warned about.
// Thread: start only. Failure: number(), boolean() give kInvalid naming the variable and its range.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/result.hpp"

namespace embergate::app {

class Environment {
 public:
  explicit Environment(char** environment);
  [[nodiscard]] std::optional<std::string> text(const std::string& name);  // empty values count as absent
  core::Result<void> number(const std::string& name, std::int64_t least, std::int64_t most,
                            const std::function<void(std::int64_t)>& take);
  core::Result<void> boolean(const std::string& name, bool& target);
  // The value, overwritten where it stood.
  [[nodiscard]] std::optional<std::string> take_secret(const std::string& name);
  [[nodiscard]] std::vector<std::string> unknown_names() const;

 private:
  std::map<std::string, char*> values_;
  std::set<std::string> asked_;
};

}  // namespace embergate::app
