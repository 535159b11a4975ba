// SPDX-License-Identifier: Apache-2.0
#include "vault/config_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "embergate/observability/log.hpp"
#include "embergate/vault/explanations.hpp"
#include "vault/reasons.hpp"

namespace embergate::vault {
namespace {

namespace log = observability::log;

// The explanations speak of files of secrets.
std::string_view said_of_config(std::string_view reason) {
  if (reason == reason::kMissing) return "the file does not exist";
  if (reason == reason::kEmpty) return "the file is empty";
  if (reason == reason::kTooLarge) return "is larger than 1 MiB";
  return explanation_of(reason);
}

}  // namespace

ConfigWatch::ConfigWatch(std::shared_ptr<TrackedFile> file, std::string path, Reader reader, core::Milliseconds quiet,
                         const core::Clock& clock, observability::Metrics& metrics)
    : file_(std::move(file)),
      path_(std::move(path)),
      reader_(std::move(reader)),
      quiet_(quiet),
      clock_(clock),
      failed_(metrics.gauge("vault_config_reload_failed",
                            "1 while the file of the vault config is refused and the config before it is in force")) {}

std::optional<ConfigWatch::News> ConfigWatch::take() {
  struct Seen {
    std::shared_ptr<const Value> text;
    std::uint64_t generation = 0;
    std::string_view problem;
    std::uint64_t reads = 0;
    bool settling = false;
  };
  const Seen seen = file_->with_state([](const FileState& state) {
    return Seen{state.current(), state.generation(), state.problem(), state.reads(), state.settling()};
  });
  // What is there now may be good.
  if (seen.settling && seen.problem != reason::kChanging) return std::nullopt;
  if (!seen.problem.empty()) {
    note(seen.problem, seen.reads);
    return std::nullopt;
  }
  trouble_ = {};
  if (seen.generation == read_ || !seen.text) return std::nullopt;
  auto config = seen.text->secret.with_plaintext([&](std::string_view text) { return reader_(std::string(text)); });
  if (!config) {
    refuse(std::move(config).error().diagnostics);
    read_ = seen.generation;
    return std::nullopt;
  }
  taken_ = seen.generation;
  return News{*std::move(config), !report().fault.empty()};
}

void ConfigWatch::note(std::string_view problem, std::uint64_t reads) {
  const auto now = clock_.steady_now();
  if (trouble_.reason != problem) trouble_ = {problem, reads, now};
  // A look that does not come back is no other one.
  const bool seen_again = reads != trouble_.reads || problem == reason::kIoError;
  if (!seen_again || now - trouble_.since < quiet_) return;
  read_ = 0;
  refuse(fault_of_file(problem));
}

void ConfigWatch::done() {
  read_ = taken_;
  failed_->set(0);
  std::lock_guard lock(mutex_);
  report_ = {};
}

ConfigReport ConfigWatch::report() const {
  std::lock_guard lock(mutex_);
  return report_;
}

std::string ConfigWatch::fault_of_file(std::string_view reason) const {
  return fmt::format("vault config {}: {}", path_, said_of_config(reason));
}

void ConfigWatch::refuse(std::string fault) {
  failed_->set(1);
  {
    std::lock_guard lock(mutex_);
    if (report_.fault == fault) return;
    report_ = {fault, clock_.system_now()};
  }
  // There is one fault in each line.
  for (auto at = fault.find('\n'); at != std::string::npos; at = fault.find('\n', at)) fault.replace(at, 1, "; ");
  log::event(log::Level::kError, "vault/reload-refused",
             fmt::format("{}. The config before stays in force; mend the file, or put it back: it is read again when "
                         "it changes",
                         fault),
             {{"path", std::string_view(path_)}, {"code", core::code_of(core::Fault::kVaultConfig)}});
}

}  // namespace embergate::vault
