// SPDX-License-Identifier: Apache-2.0
#include "vault/mount_table.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <vector>

namespace embergate::vault {
namespace {

constexpr int kMaxLinks = 40;  // as the kernel

// File systems whose calls wait for this machine only.
constexpr std::array<std::string_view, 18> kLocal{"ext2",  "ext3",   "ext4",     "tmpfs",   "ramfs", "xfs",
                                                  "btrfs", "zfs",    "f2fs",     "overlay", "vfat",  "squashfs",
                                                  "erofs", "rootfs", "devtmpfs", "proc",    "sysfs", "iso9660"};

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const auto end = std::min(line.find(' '), line.size());
    if (end > 0) words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

bool is_octal(char c) { return c >= '0' && c <= '7'; }

// The kernel writes blanks, tabs, line ends and backslashes as three octal digits.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) && is_octal(text[i + 2]) &&
                        is_octal(text[i + 3]);
    if (!escape) {
      out += text[i];
      continue;
    }
    out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
    i += 3;
  }
  return out;
}

// Puts the parts of a path in front of what is still to be walked.
void push_front(std::deque<std::string>& parts, std::string_view path) {
  std::vector<std::string> found;
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    const auto part = path.substr(0, end);
    if (!part.empty() && part != ".") found.emplace_back(part);
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  parts.insert(parts.begin(), found.begin(), found.end());
}

}  // namespace

MountTable::MountTable(std::string_view mountinfo) {
  while (!mountinfo.empty()) {
    const auto end = std::min(mountinfo.find('\n'), mountinfo.size());
    add(mountinfo.substr(0, end));
    mountinfo.remove_prefix(std::min(end + 1, mountinfo.size()));
  }
}

// id parent major:minor root mount-point options [tags ...] - type source options (proc(5))
void MountTable::add(std::string_view line) {
  const auto words = words_of(line);
  const auto dash = std::find(words.begin(), words.end(), "-");
  if (words.size() < 6 || dash == words.end() || dash + 1 == words.end()) return;
  auto point = unescaped(words[4]);
  if (point == "/") point.clear();
  const bool local = std::find(kLocal.begin(), kLocal.end(), *(dash + 1)) != kLocal.end();
  mounts_.insert_or_assign(std::move(point), Mount{std::string(words[2]), local});  // the last one covers the others
}

const MountTable::Mount& MountTable::covering(std::string path) const {
  while (true) {
    if (const auto found = mounts_.find(path); found != mounts_.end()) return found->second;
    if (path.empty()) return unknown_;
    path.resize(path.rfind('/'));
  }
}

std::string MountTable::lane_of(const std::string& path, const ReadLink& read_link) const {
  std::deque<std::string> parts;
  push_front(parts, path);
  std::string at;
  const Mount* mount = &covering(at);
  int links = 0;
  while (mount->local && !parts.empty()) {
    const auto part = std::move(parts.front());
    parts.pop_front();
    if (part == "..") {
      at.resize(at.empty() ? 0 : at.rfind('/'));
      mount = &covering(at);
      continue;
    }
    std::string next = at;
    next += '/';
    next += part;
    const bool is_mount_point = mounts_.contains(next);
    const auto target = is_mount_point ? std::string() : read_link(next);
    if (target.empty()) {
      at = next;
      if (is_mount_point) mount = &mounts_.at(next);
      continue;
    }
    if (++links > kMaxLinks) break;
    if (target.front() == '/') {
      at.clear();
      mount = &covering(at);
    }
    push_front(parts, target);
  }
  if (!mount->local) return mount->device;
  return mount->device + " " + path.substr(0, path.rfind('/'));
}

}  // namespace embergate::vault
