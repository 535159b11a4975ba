// SPDX-License-Identifier: Apache-2.0
#include "support/atomic_volume.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "embergate/core/assert.hpp"

namespace embergate::test {
namespace {

namespace fs = std::filesystem;

void write_file(const std::string& path, std::string_view bytes, int flags) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | flags, 0640);
  EG_ASSERT(descriptor >= 0);
  EG_ASSERT(::write(descriptor, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  ::close(descriptor);
}

constexpr AtomicVolume::Step kSteps[] = {AtomicVolume::Step::kPayloadWritten, AtomicVolume::Step::kLinksBefore,
                                         AtomicVolume::Step::kTmpLink,        AtomicVolume::Step::kSwapped,
                                         AtomicVolume::Step::kLinksAfter,     AtomicVolume::Step::kOldRemoved};

void call(const AtomicVolume::Hook& hook, AtomicVolume::Step step) {
  if (hook) hook(step);
}
void call(const Between& between) {
  if (between) between();
}

}  // namespace

AtomicVolume::AtomicVolume(fs::path directory, bool links_before_swap)
    : directory_(std::move(directory)), links_before_swap_(links_before_swap) {
  fs::create_directories(directory_);
}

void AtomicVolume::write(const Payload& payload, const Hook& hook) {
  if (version_ > 0 && payload == published_) return;
  for (const Step step : kSteps) {
    perform(step, payload);
    call(hook, step);
  }
  published_ = payload;
}

void AtomicVolume::write_until(const Payload& payload, Step last) {
  for (const Step step : kSteps) {
    perform(step, payload);
    if (step == last) return;
  }
}

void AtomicVolume::perform(Step step, const Payload& payload) {
  const auto data = directory_ / "..data";
  switch (step) {
    case Step::kPayloadWritten:
      old_ = fs::is_symlink(data) ? fs::read_symlink(data).string() : std::string();
      write_payload(payload);
      return;
    case Step::kLinksBefore:
      if (links_before_swap_) make_links(payload);
      return;
    case Step::kTmpLink:
      fs::remove(directory_ / "..data_tmp");
      fs::create_directory_symlink(fresh_, directory_ / "..data_tmp");
      return;
    case Step::kSwapped:
      fs::rename(directory_ / "..data_tmp", data);
      return;
    case Step::kLinksAfter:
      make_links(payload);
      remove_stale_links(payload);
      return;
    case Step::kOldRemoved:
      if (!old_.empty()) fs::remove_all(directory_ / old_);
      return;
  }
}

void AtomicVolume::write_payload(const Payload& payload) {
  fresh_ = "..2026_03_01_08_15_30." + std::to_string(++version_);
  fs::create_directory(directory_ / fresh_);
  for (const auto& [key, bytes] : payload) {
    const auto path = (directory_ / fresh_ / key).string();
    write_file(path, bytes, O_CREAT | O_EXCL);
    EG_ASSERT(::chmod(path.c_str(), mode_) == 0);
  }
}

void AtomicVolume::make_links(const Payload& payload) {
  for (const auto& [key, bytes] : payload) {
    if (!fs::is_symlink(directory_ / key)) fs::create_symlink(fs::path("..data") / key, directory_ / key);
  }
}

void AtomicVolume::remove_stale_links(const Payload& payload) {
  for (const auto& entry : fs::directory_iterator(directory_)) {
    const auto key = entry.path().filename().string();
    if (!key.starts_with("..") && !payload.contains(key)) fs::remove(entry.path());
  }
}

void replace_by_rename(const std::string& path, std::string_view bytes) {
  const auto temporary = path + ".tmp";
  write_file(temporary, bytes, O_CREAT | O_EXCL);
  fs::rename(temporary, path);
}

void write_in_place(const std::string& path, std::string_view bytes, const Between& emptied, const Between& half) {
  write_file(path, "", O_CREAT | O_TRUNC);
  call(emptied);
  write_file(path, bytes.substr(0, bytes.size() / 2), O_APPEND);
  call(half);
  write_file(path, bytes.substr(bytes.size() / 2), O_APPEND);
}

void overwrite_same_size(const std::string& path, std::string_view bytes) { write_file(path, bytes, 0); }

void relink(const std::string& link, const std::string& target, const Between& between) {
  fs::remove(link);
  call(between);
  fs::create_symlink(target, link);
}

}  // namespace embergate::test
