// SPDX-License-Identifier: Apache-2.0
// The second fence against leaks (S-22): finds secret values in a finished line of text, in the forms a line may hold
// them (S-21). Thread: add() and redact() from any thread. Ownership: only weak references to values, so a rotated
// secret still goes when its last user lets go of it. Failure: none; parts shorter than kShortestForm bytes are left
// alone, since they would blank out ordinary text.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/snapshot.hpp"
#include "embergate/vault/cache.hpp"
#include "embergate/vault/secret.hpp"
#include "vault/inspection.hpp"

namespace embergate::vault {

inline constexpr std::size_t kShortestForm = 5;

// A value and the forms of it that the redactor looks for; they live and are wiped together.
struct Value {
  Secret secret;
  std::vector<Secret> forms;  // none for content that is public: certificates
  Validity validity;
};
std::shared_ptr<const Value> make_value(Secret secret, ContentKind kind, Validity validity = {});

class Redactor {
 public:
  void add(const std::shared_ptr<const Value>& value);
  void redact(std::string& line) const;

 private:
  static constexpr std::size_t kBuckets = 65'536;
  struct Index {
    std::bitset<kBuckets>
        heads;  // hashes of the first bytes of every form: most places of a line are dismissed by one bit
    std::vector<std::weak_ptr<const Value>> values;
  };
  static std::size_t bucket_of(std::string_view text);

  std::mutex adding_;
  core::Snapshot<Index> index_;
};

}  // namespace embergate::vault
