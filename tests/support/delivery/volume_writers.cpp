// SPDX-License-Identifier: Apache-2.0
// Volumes in which all files are swapped together: 1.1, 1.2 and 1.4.
#include <array>

#include "support/atomic_volume.hpp"
#include "support/delivery/file_calls.hpp"
#include "support/delivery/mounts.hpp"
#include "support/delivery/writers.hpp"

namespace embergate::test::delivery {
namespace {

namespace fs = std::filesystem;

AtomicVolume::Hook named(const Hook& hook) {
  return [&hook](AtomicVolume::Step done) {
    static constexpr std::array<std::string_view, 6> kNames{"payload written", "links before", "temporary link",
                                                            "swapped",         "links after",  "old removed"};
    step(hook, kNames.at(static_cast<std::size_t>(done)));
  };
}

class Volume : public Method {
 public:
  Volume(const fs::path& directory, bool links_before) : directory_(directory), volume_(directory, links_before) {}
  void write(const Values& values, const Hook& hook) override { volume_.write(values, named(hook)); }
  [[nodiscard]] std::string path(const std::string& key) const override { return volume_.file(key); }

 protected:
  fs::path directory_;
  AtomicVolume volume_;
};

// Files that a provider wrote directly are deleted first and come back as links: only once, at the second write.
class CsiUpgrade final : public Volume {
 public:
  explicit CsiUpgrade(const fs::path& directory) : Volume(directory, true) {}
  void write(const Values& values, const Hook& hook) override {
    if (++writes_ == 1) {
      for (const auto& [key, bytes] : values) replace(directory_ / key, bytes, 0644, hook);
      return;
    }
    if (writes_ == 2) {
      for (const auto& [key, bytes] : values) fs::remove(directory_ / key);
      step(hook, "provider's files removed");
    }
    Volume::write(values, hook);
  }

 private:
  int writes_ = 0;
};

// The driver could not read its volume: it unmounts and mounts a new one, with the same device and inode numbers.
class CsiRemount final : public Method {
 public:
  explicit CsiRemount(const fs::path& directory) : directory_(directory) { fs::create_directories(directory_); }
  void write(const Values& values, const Hook& hook) override {
    mount_.undo();
    step(hook, "unmounted");
    mount_.tmpfs(directory_);
    step(hook, "mounted");
    AtomicVolume(directory_, true).write(values, named(hook));
  }
  [[nodiscard]] std::string path(const std::string& key) const override { return (directory_ / key).string(); }

 private:
  fs::path directory_;
  Mount mount_;
};

// Two ExternalSecrets merge the same key: the Secret goes A, B, A, B before somebody notices.
class Oscillation final : public Volume {
 public:
  explicit Oscillation(const fs::path& directory) : Volume(directory, false) {}
  void write(const Values& values, const Hook& hook) override {
    Volume::write(values, hook);
    if (!last_.empty()) {
      Volume::write(last_, hook);
      Volume::write(values, hook);
    }
    last_ = values;
  }

 private:
  Values last_;
};

}  // namespace

Made make_kubelet(const Directory& directory) { return std::make_unique<Volume>(directory, false); }
Made make_csi_driver(const Directory& directory) { return std::make_unique<Volume>(directory, true); }
Made make_csi_upgrade(const Directory& directory) { return std::make_unique<CsiUpgrade>(directory); }
Made make_csi_remount(const Directory& directory) { return std::make_unique<CsiRemount>(directory); }
Made make_eso(const Directory& directory) { return std::make_unique<Oscillation>(directory); }

}  // namespace embergate::test::delivery
