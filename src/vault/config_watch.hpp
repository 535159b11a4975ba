// SPDX-License-Identifier: Apache-2.0
// The vault config's own file while the program runs: looked at like the file of a secret, and read whole by the
// code of the start. What it says of a text that is refused, it says once. Thread: take() and done() on one thread at a
// time; report() on any. Ownership: shares the file with looks that are under way. Bound: files of 1 MiB. Failure: a
// fault in report(), one line in the log and a gauge; what was read before stays.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "embergate/observability/metrics.hpp"
#include "embergate/vault/cache.hpp"
#include "vault/tracked_file.hpp"

namespace embergate::vault {

class ConfigWatch {
 public:
  using Reader = std::function<core::Result<VaultConfig>(const std::string& text)>;
  struct News {
    VaultConfig config;
    bool mended = false;  // what came before it was refused
  };
  ConfigWatch(std::shared_ptr<TrackedFile> file, std::string path, Reader reader, core::Milliseconds quiet,
              const core::Clock& clock, observability::Metrics& metrics);

  [[nodiscard]] const std::shared_ptr<TrackedFile>& file() const { return file_; }
  // A good config out of a file that has changed. Comes again until done().
  std::optional<News> take();
  void done();
  [[nodiscard]] ConfigReport report() const;

 private:
  // What is wrong with the file itself: a writer may be at work, so it counts once a look a quiet time later finds the
  // same.
  struct Trouble {
    std::string_view reason;
    std::uint64_t reads = 0;
    core::SteadyTime since{};
  };
  void note(std::string_view problem, std::uint64_t reads);
  void refuse(std::string fault);
  [[nodiscard]] std::string fault_of_file(std::string_view reason) const;

  const std::shared_ptr<TrackedFile> file_;
  const std::string path_;
  const Reader reader_;
  const core::Milliseconds quiet_;
  const core::Clock& clock_;
  const std::shared_ptr<observability::Gauge> failed_;
  std::uint64_t read_ = 0;   // the generation of the file that was read last; 0: none, or the file went meanwhile
  std::uint64_t taken_ = 0;  // given out by take()
  Trouble trouble_;

  mutable std::mutex mutex_;  // guards the next
  ConfigReport report_;
};

}  // namespace embergate::vault
