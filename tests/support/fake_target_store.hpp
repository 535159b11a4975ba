// SPDX-License-Identifier: Apache-2.0
// The table of the targets that secrets are bound to, in memory: one call at a time, and a row that stands wins.
// Several stores over one table are several processes over one database.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "embergate/vault/target_bindings.hpp"

namespace embergate::test {

struct TargetTable {
  std::mutex mutex;
  std::map<vault::SecretName, vault::TargetBinding> rows;
  bool broken = false;
};

class FakeTargetStore final : public vault::TargetBindingStore {
 public:
  explicit FakeTargetStore(TargetTable& table) : table_(table) {}
  core::Result<std::vector<vault::TargetBinding>> load() override {
    const std::lock_guard lock(table_.mutex);
    std::vector<vault::TargetBinding> rows;
    for (const auto& [name, row] : table_.rows) rows.push_back(row);
    return rows;
  }
  core::Result<std::vector<vault::TargetBinding>> claim(const std::vector<vault::TargetBinding>& wanted) override {
    const std::lock_guard lock(table_.mutex);
    if (table_.broken) return core::make_retriable(core::ErrorCode::kUnavailable, "the disk is full");
    bool free = true;
    for (const auto& one : wanted) {
      const auto found = table_.rows.find(one.secret);
      if (found != table_.rows.end() && !vault::covers(found->second, one.target)) free = false;
    }
    for (const auto& one : wanted) {
      if (free) table_.rows.emplace(one.secret, one);
    }
    return standing(wanted);
  }
  core::Result<std::vector<vault::TargetBinding>> prove(const std::vector<vault::TargetBinding>& proven) override {
    const std::lock_guard lock(table_.mutex);
    for (const auto& one : proven) {
      if (table_.rows.at(one.secret).target == one.target) table_.rows.insert_or_assign(one.secret, one);
    }
    return standing(proven);
  }
  core::Result<std::optional<vault::TargetBinding>> replace(const vault::TargetBinding& binding) override {
    const std::lock_guard lock(table_.mutex);
    std::optional<vault::TargetBinding> before;
    if (const auto found = table_.rows.find(binding.secret); found != table_.rows.end()) before = found->second;
    table_.rows.insert_or_assign(binding.secret, binding);
    return before;
  }

 private:
  std::vector<vault::TargetBinding> standing(const std::vector<vault::TargetBinding>& of) const {
    std::vector<vault::TargetBinding> rows;
    for (const auto& one : of) {
      if (const auto found = table_.rows.find(one.secret); found != table_.rows.end()) rows.push_back(found->second);
    }
    return rows;
  }
  TargetTable& table_;
};

}  // namespace embergate::test
