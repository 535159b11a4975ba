// SPDX-License-Identifier: Apache-2.0
// What a container sees of its host: 1.1 (subPath), 1.5, 1.6, 1.7, and a disk with coarse time stamps.
#include <fstream>

#include "support/atomic_volume.hpp"
#include "support/delivery/file_calls.hpp"
#include "support/delivery/mounts.hpp"
#include "support/delivery/writers.hpp"

namespace embergate::test::delivery {
namespace {

namespace fs = std::filesystem;

// host/ is where the writer works, inside/ what the container is shown.
class Mounted : public Method {
 public:
  explicit Mounted(const fs::path& directory) : host_(directory / "host"), inside_(directory / "inside") {
    fs::create_directories(host_);
    fs::create_directories(inside_);
  }
  [[nodiscard]] std::string path(const std::string& key) const override { return (inside_ / key).string(); }

 protected:
  // Shows one file, as it is now, for as long as the container lives.
  void show_file(const std::string& key, const fs::path& file) {
    std::ofstream(inside_ / key).close();
    file_mounts_[key].bind(file, inside_ / key, true);
  }
  [[nodiscard]] bool shown(const std::string& key) const { return file_mounts_.contains(key); }
  [[nodiscard]] const fs::path& host() const { return host_; }
  [[nodiscard]] const fs::path& inside() const { return inside_; }
  Mount mount_;  // of the whole directory

 private:
  fs::path host_;
  fs::path inside_;
  std::map<std::string, Mount> file_mounts_;
};

class ComposeDirectory final : public Mounted {
 public:
  explicit ComposeDirectory(const fs::path& directory) : Mounted(directory) { mount_.bind(host(), inside(), true); }
  void write(const Values& values, const Hook& hook) override {
    for (const auto& [key, bytes] : values) replace(host() / key, bytes, 0640, hook);
  }
};

class ComposeFile final : public Mounted {
  using Mounted::Mounted;
  void write(const Values& values, const Hook& hook) override {
    for (const auto& [key, bytes] : values) {
      replace(host() / key, bytes, 0640, hook);
      if (!shown(key)) show_file(key, host() / key);
    }
  }
};

class ComposeFileInPlace final : public Mounted {
  using Mounted::Mounted;
  void write(const Values& values, const Hook& hook) override {
    for (const auto& [key, bytes] : values) {
      truncate_and_write(host() / key, bytes, hook);
      if (!shown(key)) show_file(key, host() / key);
    }
  }
};

class SubPath final : public Mounted {
 public:
  explicit SubPath(const fs::path& directory) : Mounted(directory), volume_(host()) {}
  void write(const Values& values, const Hook& hook) override {
    volume_.write(values);
    step(hook, "swapped");
    for (const auto& [key, bytes] : values) {
      if (!shown(key)) show_file(key, fs::canonical(volume_.file(key)));
    }
  }

 private:
  AtomicVolume volume_;
};

// Filled once and made read-only; a new value needs a new task.
class Swarm final : public Mounted {
  using Mounted::Mounted;
  void write(const Values& values, const Hook& /*hook*/) override {
    if (filled_) return;
    mount_.tmpfs(inside());
    for (const auto& [key, bytes] : values) create_file(inside() / key, bytes, 0444);
    mount_.make_read_only();
    filled_ = true;
  }
  bool filled_ = false;
};

// mv host old; mv new host: the container keeps the directory that it was given.
class ReplacedDirectory final : public Mounted {
  using Mounted::Mounted;
  void write(const Values& values, const Hook& hook) override {
    const fs::path fresh = host().string() + ".new";
    fs::create_directories(fresh);
    for (const auto& [key, bytes] : values) replace(fresh / key, bytes, 0640, {});
    fs::rename(host(), host().string() + ".old." + std::to_string(++versions_));
    fs::rename(fresh, host());
    step(hook, "directory replaced");
    if (versions_ == 1) mount_.bind(host(), inside(), true);
  }
  int versions_ = 0;
};

// In place and of the same size, where time stamps are whole seconds: nothing about the file tells of the change.
class CoarseDisk final : public Mounted {
 public:
  explicit CoarseDisk(const fs::path& directory) : Mounted(directory) {
    mount_.coarse_ext4(directory / "image", inside());
  }
  void write(const Values& values, const Hook& hook) override {
    for (const auto& [key, bytes] : values) overwrite(inside() / key, bytes);
    step(hook, "overwritten");
  }
};

}  // namespace

Made make_compose_directory(const Directory& directory) { return std::make_unique<ComposeDirectory>(directory); }
Made make_compose_file(const Directory& directory) { return std::make_unique<ComposeFile>(directory); }
Made make_compose_file_in_place(const Directory& directory) { return std::make_unique<ComposeFileInPlace>(directory); }
Made make_subpath(const Directory& directory) { return std::make_unique<SubPath>(directory); }
Made make_swarm(const Directory& directory) { return std::make_unique<Swarm>(directory); }
Made make_replaced_directory(const Directory& directory) { return std::make_unique<ReplacedDirectory>(directory); }
Made make_coarse_disk(const Directory& directory) { return std::make_unique<CoarseDisk>(directory); }

}  // namespace embergate::test::delivery
