// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/type_table.hpp"

#include <mutex>

namespace embergate::store::sqlite {
namespace {
constexpr std::size_t kMaxTypes = 4'096;
}

core::Result<void> TypeTable::load(Connection& connection) {
  EG_TRY(const auto count, connection.integer_of("SELECT coalesce(max(number), 0) FROM type"));
  for (std::int64_t number = 1; number <= count; ++number) {
    auto name = connection.use(Query::kTypeName);
    name.bind(1, number);
    EG_TRY(const bool row, name.step());
    add(row ? name.text(0) : std::string_view{});
    stored_.back() = row;
  }
  return {};
}

std::optional<std::int64_t> TypeTable::find(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  const auto found = numbers_.find(name);
  if (found == numbers_.end()) return std::nullopt;
  return found->second;
}

const std::string& TypeTable::name(std::int64_t number) const {
  const std::shared_lock lock(mutex_);
  return names_.at(static_cast<std::size_t>(number - 1));
}

core::Result<std::int64_t> TypeTable::find_or_store(Connection& connection, std::string_view name) {
  auto number = find(name);
  if (!number && names_.size() >= kMaxTypes) {
    return core::make_error(core::ErrorCode::kInvalid, "the database holds as many resource types as it can");
  }
  if (!number) number = add(name);
  const auto position = static_cast<std::size_t>(*number - 1);
  if (!stored_[position]) {
    EG_CHECK(connection.use(Query::kInsertType).bind(1, *number).bind_text(2, name).run());
    stored_[position] = true;
    unsettled_.push_back(*number);
  }
  return *number;
}

void TypeTable::undo_to(std::size_t mark) {
  for (; unsettled_.size() > mark; unsettled_.pop_back())
    stored_[static_cast<std::size_t>(unsettled_.back() - 1)] = false;
}

std::int64_t TypeTable::add(std::string_view name) {
  const std::unique_lock lock(mutex_);
  names_.emplace_back(name);
  stored_.push_back(false);
  const auto number = static_cast<std::int64_t>(names_.size());
  numbers_.emplace(name, number);
  return number;
}

}  // namespace embergate::store::sqlite
