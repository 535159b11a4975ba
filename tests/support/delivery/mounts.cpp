// SPDX-License-Identifier: Apache-2.0
#include "support/delivery/mounts.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "embergate/core/assert.hpp"
#include "support/temp_dir.hpp"

namespace embergate::test::delivery {
namespace {

namespace fs = std::filesystem;

bool write_text(const char* path, const std::string& text) {
  const int handle = ::open(path, O_WRONLY | O_CLOEXEC);
  if (handle < 0) return false;
  const bool fine = ::write(handle, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(handle);
  return fine;
}

// As root in a user namespace of its own, when this user may have one.
bool become_root_of_a_namespace() {
  const std::string user = std::to_string(::geteuid());
  const std::string group = std::to_string(::getegid());
  return ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_text("/proc/self/setgroups", "deny") &&
         write_text("/proc/self/uid_map", "0 " + user + " 1") && write_text("/proc/self/gid_map", "0 " + group + " 1");
}

// An open list of mounts goes on telling of the namespace it was opened in.
bool lists(int mounts, const fs::path& place) {
  std::string text;
  char part[4096];
  ::lseek(mounts, 0, SEEK_SET);
  for (ssize_t got = 0; (got = ::read(mounts, part, sizeof part)) > 0;)
    text.append(part, static_cast<std::size_t>(got));
  return text.find(" " + place.string() + " ") != std::string::npos;
}

// Whether a mount of this namespace is not seen in the one of `mounts_before`.
bool stays_here(int mounts_before) {
  const TempDir trial;
  if (::mount("tmpfs", trial.path().c_str(), "tmpfs", 0, nullptr) != 0) return false;
  const bool seen = lists(mounts_before, trial.path());
  ::umount2(trial.path().c_str(), MNT_DETACH);
  return !seen;
}

std::string enter() {
  const int mounts_before = ::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
  if (::unshare(CLONE_NEWNS) != 0 && !become_root_of_a_namespace())
    return std::string("mounting needs root or user namespaces: ") + std::strerror(errno);
  // EINVAL: in a chroot "/" need not be a mount, and nothing can be said of what holds it.
  const bool is_private = ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 ||
                          (errno == EINVAL && mounts_before >= 0 && stays_here(mounts_before));
  ::close(mounts_before);
  return is_private ? std::string() : std::string("mounts would be seen outside: ") + std::strerror(errno);
}

bool run(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; }

bool make_coarse_image(const fs::path& image) {
  return run("truncate -s 4M '" + image.string() + "' && PATH=$PATH:/usr/sbin:/sbin mkfs.ext4 -q -F -I 128 '" +
             image.string() + "'");
}

bool mount_image(const fs::path& image, const fs::path& at) {
  return run("mount -o loop '" + image.string() + "' '" + at.string() + "'");
}

std::string try_loop() {
  const TempDir trial;
  fs::create_directory(trial.path() / "at");
  if (!make_coarse_image(trial.path() / "image")) return "mkfs.ext4 is not here";
  if (!mount_image(trial.path() / "image", trial.path() / "at")) return "a loop mount needs root and a loop device";
  ::umount2((trial.path() / "at").c_str(), MNT_DETACH);
  return {};
}

}  // namespace

std::string enter_private_mounts() {
  static const std::string reason = enter();
  return reason;
}

std::string loop_obstacle() {
  static const std::string reason = enter_private_mounts().empty() ? try_loop() : enter_private_mounts();
  return reason;
}

void Mount::bind(const fs::path& from, const fs::path& at, bool read_only) {
  EG_ASSERT(::mount(from.c_str(), at.c_str(), nullptr, MS_BIND, nullptr) == 0);
  at_ = at;
  if (read_only) make_read_only();
}

void Mount::tmpfs(const fs::path& at) {
  EG_ASSERT(::mount("tmpfs", at.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m") == 0);
  at_ = at;
}

void Mount::make_read_only() {
  // Flags that the mount below has must stay: a user namespace may not take them away.
  constexpr unsigned long kBase = MS_REMOUNT | MS_BIND | MS_RDONLY;
  const bool fine = ::mount(nullptr, at_.c_str(), nullptr, kBase, nullptr) == 0 ||
                    ::mount(nullptr, at_.c_str(), nullptr, kBase | MS_NOSUID | MS_NODEV, nullptr) == 0;
  EG_ASSERT(fine);
}

void Mount::coarse_ext4(const fs::path& image, const fs::path& at) {
  EG_ASSERT(make_coarse_image(image) && mount_image(image, at));
  at_ = at;
}

void Mount::undo() {
  if (!at_.empty()) ::umount2(at_.c_str(), MNT_DETACH);
  at_.clear();
}

}  // namespace embergate::test::delivery
