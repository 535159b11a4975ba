// SPDX-License-Identifier: Apache-2.0
// Which secrets are refused by those to whom their users show them. The vault itself cannot know: users note it.
// Thread: any; a leaf lock. Ownership: shared by the cache and the notes, whichever goes last. Bound: one note for each
// user. Failure: none.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "embergate/vault/cache.hpp"

namespace embergate::vault {

class Refusals : public std::enable_shared_from_this<Refusals> {
 public:
  std::unique_ptr<RefusalNote> note(const std::vector<SecretName>& names, Refusal refusal);
  [[nodiscard]] std::optional<Refusal> of(const SecretName& name) const;  // the oldest one
  bool take_changed();                                                    // since the last call

 private:
  class Note;
  struct Entry {
    std::vector<SecretName> names;
    Refusal refusal;
  };
  void forget(std::uint64_t id);

  mutable std::mutex mutex_;
  std::map<std::uint64_t, Entry> entries_;
  std::uint64_t last_id_ = 0;
  bool changed_ = false;
};

}  // namespace embergate::vault
