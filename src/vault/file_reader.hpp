// SPDX-License-Identifier: Apache-2.0
// One look at one secret file: open, fstat, read to the end, fstat again, with the retries of.
// Thread: a read thread; may block as long as the file system does. Ownership: nothing kept. Failure: an Observation
// that says so.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "embergate/core/clock.hpp"
#include "embergate/vault/file_system.hpp"

namespace embergate::vault {

// What tells one version of a file from another without reading it: compared whole, never by order.
struct Identity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  friend bool operator==(const Identity&, const Identity&) = default;
};

struct Look {
  std::string path;
  std::size_t limit = 0;                // bytes; more is refused
  std::optional<Identity> unless_same;  // this identity: do not read again
  bool allow_world_writable = false;
};

struct Observation {
  enum class Kind { kUnchanged, kContent, kRefused };
  Kind kind = Kind::kRefused;
  std::string_view reason;  // kRefused
  Identity identity;        // sampled before the read
  std::string bytes;        // kContent; the consumer wipes them
  bool pinned_deleted = false;
  bool readable_by_others = false;
  core::SteadyTime began{};  // when the look began; set by the caller
  bool remote = false;       // a network or user-space file system: attributes and contents arrive late
  bool local = false;        // one of the file systems whose calls always come back soon
};

using Pause = std::function<void(core::Milliseconds)>;

// Who may write the file may set what it holds. Empty: no one else.
std::string_view refusal_of_mode(FileSystem& files, const std::string& path, const struct stat& status);

// Whether the path still leads to this identity, as far as that is to be known without a wait for a file system.
// Empty: it does not, or that is not to be known so quickly.
std::optional<Observation> unchanged_at(FileSystem& files, const std::string& path, const Identity& identity);

Observation look_at(FileSystem& files, const Look& look, const Pause& pause);

}  // namespace embergate::vault
