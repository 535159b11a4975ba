// SPDX-License-Identifier: Apache-2.0
#include "app/stored_bindings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <future>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "embergate/observability/log.hpp"

namespace embergate::app {
namespace {

using vault::TargetBinding;
using Rows = std::vector<TargetBinding>;

store::TargetBinding row_of(const TargetBinding& binding) {
  return {std::string(binding.secret.value()),
          vault::to_json(binding.target),
          nlohmann::json(binding.brokers).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
          binding.resource,
          binding.proven,
          binding.since};
}

core::Result<TargetBinding> binding_of(const store::TargetBinding& row) {
  const auto name = vault::make_secret_name(row.secret);
  auto target = vault::target_from_json(row.target);
  const auto brokers = nlohmann::json::parse(row.brokers, nullptr, false);
  const bool texts = brokers.is_array() && std::all_of(brokers.begin(), brokers.end(),
                                                       [](const nlohmann::json& one) { return one.is_string(); });
  if (!name || !target || !texts) {
    return core::make_error(core::ErrorCode::kInternal,
                            fmt::format("the database's row on the target of secret \"{}\" cannot be read; confirm its "
                                        "target with POST /fhir/$vault-retarget",
                                        row.secret));
  }
  return TargetBinding{*name,        *std::move(target), brokers.get<std::vector<std::string>>(),
                       row.resource, row.proven,         row.since};
}

core::Result<Rows> standing_of(store::Transaction& tx, const Rows& wanted) {
  Rows standing;
  for (const TargetBinding& one : wanted) {
    EG_TRY(const auto row, tx.target_binding(one.secret.value()));
    if (!row) continue;
    EG_TRY(auto binding, binding_of(*row));
    standing.push_back(std::move(binding));
  }
  return standing;
}

core::Result<Rows> claim_all(store::Transaction& tx, const Rows& wanted) {
  EG_TRY(Rows standing, standing_of(tx, wanted));
  // All want the same target.
  const bool free = std::all_of(standing.begin(), standing.end(), [&](const TargetBinding& binding) {
    return vault::covers(binding, wanted.front().target);
  });
  if (!free) return standing;
  standing.clear();
  for (const TargetBinding& one : wanted) {
    EG_TRY(const auto row, tx.bind_target(row_of(one)));
    EG_TRY(auto binding, binding_of(row));
    standing.push_back(std::move(binding));
  }
  return standing;
}

core::Result<Rows> prove_all(store::Transaction& tx, const Rows& proven) {
  for (const TargetBinding& one : proven) {
    EG_TRY(const auto row, tx.target_binding(one.secret.value()));
    if (!row || row->proven || row->target != vault::to_json(one.target)) continue;
    EG_CHECK(tx.replace_target(row_of(one)));
  }
  return standing_of(tx, proven);
}

class StoredBindings final : public vault::TargetBindingStore {
 public:
  explicit StoredBindings(store::Store& store) : store_(store) {}

  core::Result<Rows> load() override {
    Rows rows;
    EG_CHECK(store_.read([&](store::Reader& reader) -> core::Result<void> {
      EG_TRY(rows, read_bindings(reader));
      return {};
    }));
    return rows;
  }
  core::Result<Rows> claim(const Rows& wanted) override {
    return changed([wanted](store::Transaction& tx) { return claim_all(tx, wanted); });
  }
  core::Result<Rows> prove(const Rows& proven) override {
    return changed([proven](store::Transaction& tx) { return prove_all(tx, proven); });
  }
  core::Result<std::optional<TargetBinding>> replace(const TargetBinding& binding) override {
    EG_TRY(Rows before, changed([binding](store::Transaction& tx) -> core::Result<Rows> {
             Rows stood;
             EG_TRY(const auto row, tx.target_binding(binding.secret.value()));
             // A row that cannot be read is what this call mends.
             if (row) {
               if (auto readable = binding_of(*row)) stood.push_back(*std::move(readable));
             }
             EG_CHECK(tx.replace_target(row_of(binding)));
             return stood;
           }));
    if (before.empty()) return std::optional<TargetBinding>();
    return std::optional(std::move(before.front()));
  }

 private:
  using Change = std::function<core::Result<Rows>(store::Transaction&)>;

  // The writer answers every transaction, also when the store stops, so this ends.
  core::Result<Rows> changed(Change change) {
    auto rows = std::make_shared<Rows>();
    std::promise<core::Result<void>> promise;
    auto committed = promise.get_future();
    store_.transact(
        [rows, change = std::move(change)](store::Transaction& tx) -> core::Result<void> {
          EG_TRY(*rows, change(tx));
          return {};
        },
        [&promise](const core::Result<store::CommitReceipt>& receipt) {
          promise.set_value(receipt ? core::Result<void>() : core::Result<void>(receipt.error()));
        });
    EG_CHECK(committed.get());
    return std::move(*rows);
  }

  store::Store& store_;
};

}  // namespace

std::unique_ptr<vault::TargetBindingStore> make_stored_bindings(store::Store& store) {
  return std::make_unique<StoredBindings>(store);
}

core::Result<Rows> read_bindings(store::Reader& reader) {
  EG_TRY(const auto stored, reader.target_bindings());
  Rows rows;
  for (const store::TargetBinding& row : stored) {
    if (auto binding = binding_of(row)) {
      rows.push_back(*std::move(binding));
    } else {
      observability::log::event(observability::log::Level::kError, "secret/target-unreadable",
                                binding.error().diagnostics, {{"secret", std::string_view(row.secret)}});
    }
  }
  return rows;
}

}  // namespace embergate::app
