// SPDX-License-Identifier: Apache-2.0
// Writers of single files: 1.2 (AWS), 1.3, 1.8, 1.9 and the last row of 1.12.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "embergate/core/assert.hpp"
#include "support/delivery/file_calls.hpp"
#include "support/delivery/writers.hpp"

namespace embergate::test::delivery {
namespace {

namespace fs = std::filesystem;

class FileWriter : public Method {
 public:
  explicit FileWriter(fs::path directory) : directory_(std::move(directory)) { fs::create_directories(directory_); }
  void write(const Values& values, const Hook& hook) final {
    for (const auto& [key, bytes] : values) write_file(directory_ / key, bytes, hook);
  }
  [[nodiscard]] std::string path(const std::string& key) const final { return (directory_ / key).string(); }

 protected:
  virtual void write_file(const fs::path& path, const std::string& bytes, const Hook& hook) = 0;
  fs::path directory_;
};

class Rename final : public FileWriter {
  using FileWriter::FileWriter;
  void write_file(const fs::path& path, const std::string& bytes, const Hook& hook) override {
    replace(path, bytes, 0640, hook);
  }
};

// mv of an old backup, rsync -t, tar x: each version is older than the one before.
class Backup final : public FileWriter {
  using FileWriter::FileWriter;
  void write_file(const fs::path& path, const std::string& bytes, const Hook& hook) override {
    const fs::path old = directory_ / ".backup";
    fs::remove(old);
    create_file(old, bytes, 0640);
    const timespec past{1'000'000'000 - ++versions_, 0};
    const timespec times[2] = {past, past};
    EG_ASSERT(::utimensat(AT_FDCWD, old.c_str(), times, 0) == 0);
    fs::rename(old, path);
    step(hook, "restored");
  }
  int versions_ = 0;
};

// consul-template's renderer: equal bytes, no write; temporary file 0600, sync, mode, backup by hard link, rename, and
// the owner at last, when everybody sees the file already.
class VaultAgent final : public FileWriter {
  using FileWriter::FileWriter;
  void write_file(const fs::path& path, const std::string& bytes, const Hook& hook) override {
    if (holds(path, bytes)) return;
    if (fs::exists(path)) {
      fs::remove(path.string() + ".bak");
      fs::create_hard_link(path, path.string() + ".bak");
    }
    replace(path, bytes, 0644, hook);
    EG_ASSERT(::chown(path.c_str(), ::geteuid(), ::getegid()) == 0);
    step(hook, "owner set");
  }
};

// secrets-store-csi-driver-provider-aws, which writes its files itself: regular files, one after the other.
class AwsProvider final : public FileWriter {
  using FileWriter::FileWriter;
  void write_file(const fs::path& path, const std::string& bytes, const Hook& hook) override {
    std::string temporary = (directory_ / "XXXXXX").string();
    const int handle = ::mkostemp(temporary.data(), O_CLOEXEC);
    EG_ASSERT(handle >= 0 && ::fchmod(handle, 0644) == 0);
    EG_ASSERT(::write(handle, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    EG_ASSERT(::fsync(handle) == 0);
    ::close(handle);
    step(hook, "temporary file");
    fs::rename(temporary, path);
    step(hook, "renamed");
  }
};

class InPlace final : public FileWriter {
  using FileWriter::FileWriter;
  void write_file(const fs::path& path, const std::string& bytes, const Hook& hook) override {
    truncate_and_write(path, bytes, hook);
  }
};

// os.WriteFile of certificate, key, bundle, in the order of their names here: truncated, then written in one go.
class SpiffeHelper final : public FileWriter {
  using FileWriter::FileWriter;
  void write_file(const fs::path& path, const std::string& bytes, const Hook& hook) override {
    const int handle = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    EG_ASSERT(handle >= 0);
    step(hook, "emptied");
    EG_ASSERT(::write(handle, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    ::close(handle);
    step(hook, "written");
  }
};

class SameSize final : public FileWriter {
  using FileWriter::FileWriter;
  void write_file(const fs::path& path, const std::string& bytes, const Hook& hook) override {
    overwrite(path, bytes);
    step(hook, "overwritten");
  }
};

// live/X.pem -> ../archive/X7.pem: for each name unlink, then symlink to a target outside the directory.
class Certbot final : public FileWriter {
 public:
  explicit Certbot(const fs::path& directory) : FileWriter(directory), archive_(directory / ".archive") {
    fs::create_directories(archive_);
  }

 private:
  void write_file(const fs::path& path, const std::string& bytes, const Hook& hook) override {
    const std::string target = path.filename().string() + "." + std::to_string(++versions_);
    create_file(archive_ / target, bytes, 0644);
    step(hook, "archived");
    fs::remove(path);
    step(hook, "unlinked");
    fs::create_symlink(fs::path(".archive") / target, path);
    step(hook, "linked");
  }
  fs::path archive_;
  int versions_ = 0;
};

// rm and create again: ext4 gives the same inode number.
class RemoveCreate final : public FileWriter {
  using FileWriter::FileWriter;
  void write_file(const fs::path& path, const std::string& bytes, const Hook& hook) override {
    fs::remove(path);
    step(hook, "removed");
    create_file(path, bytes, 0644);
    step(hook, "created");
  }
};

}  // namespace

Made make_rename(const Directory& directory) { return std::make_unique<Rename>(directory); }
Made make_backup(const Directory& directory) { return std::make_unique<Backup>(directory); }
Made make_vault_agent(const Directory& directory) { return std::make_unique<VaultAgent>(directory); }
Made make_aws_provider(const Directory& directory) { return std::make_unique<AwsProvider>(directory); }
Made make_in_place(const Directory& directory) { return std::make_unique<InPlace>(directory); }
Made make_spiffe_helper(const Directory& directory) { return std::make_unique<SpiffeHelper>(directory); }
Made make_same_size(const Directory& directory) { return std::make_unique<SameSize>(directory); }
Made make_certbot(const Directory& directory) { return std::make_unique<Certbot>(directory); }
Made make_remove_create(const Directory& directory) { return std::make_unique<RemoveCreate>(directory); }

}  // namespace embergate::test::delivery
