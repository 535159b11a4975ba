// SPDX-License-Identifier: Apache-2.0
// The bytes of a secret. Cannot be printed, copied, formatted or turned into JSON; wiped when moved from and when
// destroyed (R-44, S-22, S-26). Thread: one owner at a time; share as shared_ptr<const Secret>. Ownership: owns its
// bytes. Failure: none.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <nlohmann/json_fwd.hpp>

namespace embergate::vault {

// Overwrites the whole capacity of the string, then empties it.
void wipe(std::string& bytes) noexcept;

class Secret {
 public:
  Secret() noexcept = default;
  explicit Secret(std::string plaintext) noexcept;
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
  // The only door to the bytes; which files may call it stands in tests/architecture/plaintext_doors.txt.
  template <class F>
  decltype(auto) with_plaintext(F&& use) const {
    return std::forward<F>(use)(std::string_view(bytes_));
  }

 private:
  std::string bytes_;
};

template <class Stream>
Stream& operator<<(Stream&, const Secret&) = delete;
void to_json(nlohmann::json&, const Secret&) = delete;

}  // namespace embergate::vault
