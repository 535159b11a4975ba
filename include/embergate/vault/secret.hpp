// SPDX-License-Identifier: Apache-2.0
// The bytes of a secret. Cannot be printed, copied, formatted or turned into JSON; wiped when destroyed, and kept in
// pages that are locked and not dumped as far as the system allows (R-44, S-22, S-26). Thread: one owner at a time;
// share as shared_ptr<const Secret>. Ownership: owns its bytes; the text it is made of is wiped. Failure:
// std::bad_alloc when memory is out.
#pragma once

#include <cstddef>
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
  explicit Secret(std::string plaintext);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  // The only door to the bytes; which files may call it stands in tests/architecture/plaintext_doors.txt.
  template <class F>
  decltype(auto) with_plaintext(F&& use) const {
    return std::forward<F>(use)(std::string_view(bytes_, size_));
  }

 private:
  void swap(Secret& other) noexcept;

  char* bytes_ = nullptr;
  std::size_t size_ = 0;
};

template <class Stream>
Stream& operator<<(Stream&, const Secret&) = delete;
void to_json(nlohmann::json&, const Secret&) = delete;

}  // namespace embergate::vault
