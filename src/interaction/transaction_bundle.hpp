// SPDX-License-Identifier: Apache-2.0
// The entries of a transaction bundle, in the given order, inside one store transaction (contract 5.3, decision 21).
// Thread: run_transaction() on the store's writer thread; it may run again after a rollback. Failure: the first failing
// entry, named; nothing stays.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "interaction/answer_meter.hpp"
#include "interaction/bundle.hpp"

namespace embergate::interaction {

// What the caller gets to see of it.
struct TransactionAnswer {
  std::shared_ptr<AnswerMeter> meter;
  bool minimal = false;              // without resources
  std::optional<Refusal> refusal{};  // that an error code alone does not say
};

core::Result<std::vector<EntryAnswer>> run_transaction(store::Transaction& tx, const PreparedBundle& bundle,
                                                       const WritePath& write_path, const Options& options,
                                                       const RequestContext& context, WriteLog& log,
                                                       TransactionAnswer& answer);

}  // namespace embergate::interaction
