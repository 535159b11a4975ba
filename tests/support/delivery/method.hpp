// SPDX-License-Identifier: Apache-2.0
// The ways in which secret files reach a gateway (sections 1.1 to 1.11 of the reference on secret delivery), each as a
// simulator that does the same system calls in the same order as the real writer. One table, so that tests and
// benchmarks go through all of them. Thread: one writer; readers may run beside it. Ownership: a method owns what it
// mounts and makes below its directory. Failure: EG_ASSERT; what this machine cannot do is told by obstacle().
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/vault/file_system.hpp"

namespace embergate::test::delivery {

using Values = std::map<std::string, std::string>;        // key to content
using Hook = std::function<void(std::string_view step)>;  // called between two steps of a write

class Method {
 public:
  Method() = default;
  virtual ~Method() = default;
  Method(const Method&) = delete;
  Method& operator=(const Method&) = delete;

  // Publishes these values; the first call makes the files. Returns when the writer is done.
  virtual void write(const Values& values, const Hook& hook = {}) = 0;
  // What the vault config names for the key; never changes. Valid after the first write.
  [[nodiscard]] virtual std::string path(const std::string& key) const = 0;
  // The file system as the reader has it, where the trouble is there and not in the writer.
  [[nodiscard]] virtual std::shared_ptr<vault::FileSystem> files(std::shared_ptr<vault::FileSystem> inner) {
    return inner;
  }
};

struct Promise {
  bool rotates = true;      // a later write reaches the reader
  bool torn = false;        // empty or partial content shows for a moment
  bool in_process = false;  // simulated in the reader's process: no separate gateway can meet it
  bool same_path = false;   // several such methods may write the same directory in turn
};

struct Kind {
  std::string_view name;
  Promise promise;
  std::string_view why;  // what readers have to bear; for one that never rotates: the reason
  std::unique_ptr<Method> (*make)(const std::filesystem::path& directory);
  bool mounts = false;  // needs a mount namespace, and so root or user namespaces
  bool needs_loop = false;
};

inline std::ostream& operator<<(std::ostream& out, const Kind& kind) { return out << kind.name; }

[[nodiscard]] const std::vector<Kind>& kinds();
[[nodiscard]] const Kind& kind(std::string_view name);
// Why this machine cannot simulate it; empty: it can. Enters a private mount namespace when the kind needs one, so the
// first call belongs into a process without further threads.
[[nodiscard]] std::string obstacle(const Kind& kind);

}  // namespace embergate::test::delivery
