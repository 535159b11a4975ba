// SPDX-License-Identifier: Apache-2.0
#include "vault/file_reader.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "embergate/vault/secret.hpp"
#include "vault/reasons.hpp"

namespace embergate::vault {
namespace {

constexpr std::array<int, 3> kRetryMilliseconds{1, 4, 16};
constexpr int kMaxInterrupts = 100;
constexpr std::size_t kChunk = 16'384;

constexpr long kProc = 0x9fa0;
constexpr long kSys = 0x62656572;
constexpr std::array<long, 8> kRemote{0x6969,     0x517b,     0xff534d42, 0xfe534d42,
                                      0x65735546, 0x01021997, 0x00c36400, 0x5346414f};

// ext2 to ext4, tmpfs, ramfs, xfs, btrfs, overlayfs.
constexpr std::array<long, 6> kLocal{0xef53, 0x01021994, 0x858458f6, 0x58465342, 0x9123683e, 0x794c7630};

bool is_one_of(const auto& types, long type) { return std::find(types.begin(), types.end(), type) != types.end(); }

struct OpenFile {
  FileSystem& files;
  int descriptor;
  OpenFile(FileSystem& owner, int opened) : files(owner), descriptor(opened) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() { files.close(descriptor); }
};

Identity identity_of(const struct stat& status) {
  const auto nanoseconds = [](const timespec& time) {
    return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
  };
  return {static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino),
          static_cast<std::int64_t>(status.st_size), nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
}

Observation refused(std::string_view why) {
  Observation observation;
  observation.reason = why;
  return observation;
}

std::string_view reason_of(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ESTALE:
      return reason::kMissing;
    case EACCES:
    case EPERM:
      return reason::kUnreadable;
    case EXDEV:
      return reason::kOutsideRoots;
    case EISDIR:
    case ENXIO:
    case ENODEV:
      return reason::kNotRegular;
    default:
      return reason::kIoError;
  }
}

// Passing states of a file that is being replaced: gone between two steps, or not yet handed to our user.
bool may_pass(std::string_view why) {
  return why == reason::kMissing || why == reason::kUnreadable || why == reason::kChanging;
}

template <class Call>
auto uninterrupted(Call&& call) {
  auto result = call();
  for (int i = 0; i < kMaxInterrupts && result == -EINTR; ++i) result = call();
  return result;
}

// std::string would leave the old buffer behind unwiped when it grows, and short bytes in every object that it was
// moved through.
void append_wiping(std::string& bytes, std::string_view more) {
  if (bytes.size() + more.size() > bytes.capacity()) {
    std::string larger;
    larger.reserve(std::max(bytes.capacity() * 2 + 64, bytes.size() + more.size()));
    larger.append(bytes);
    bytes.swap(larger);
    wipe(larger);
  }
  bytes.append(more);
}

// Reads to the end or one byte past the limit; st_size is no measure of what a file holds. Returns 0 or -errno.
int read_all(FileSystem& files, int descriptor, std::size_t limit, std::string& bytes) {
  std::array<char, kChunk> chunk;
  int failure = 0;
  while (bytes.size() <= limit) {
    const auto want = std::min(chunk.size(), limit + 1 - bytes.size());
    const ssize_t got = uninterrupted([&] { return files.read(descriptor, chunk.data(), want); });
    if (got < 0) failure = static_cast<int>(got);
    if (got <= 0) break;
    append_wiping(bytes, {chunk.data(), static_cast<std::size_t>(got)});
  }
  OPENSSL_cleanse(chunk.data(), chunk.size());
  return failure;
}

Observation read_open_file(FileSystem& files, const Look& look, int descriptor, const struct stat& before,
                           Observation seen) {
  if (!look.allow_world_writable) {
    if (const auto refusal = refusal_of_mode(files, look.path, before); !refusal.empty()) return refused(refusal);
  }
  const long type = files.type_of(descriptor);
  if (type == kProc || type == kSys) return refused(reason::kNotRegular);
  seen.remote = is_one_of(kRemote, type);
  seen.local = is_one_of(kLocal, type);
  if (const int failure = read_all(files, descriptor, look.limit, seen.bytes); failure < 0) {
    wipe(seen.bytes);
    return refused(reason_of(-failure));
  }
  struct stat after{};
  const int failure = uninterrupted([&] { return files.fstat(descriptor, after); });
  const bool too_large = seen.bytes.size() > look.limit;
  const bool changed = failure == 0 && identity_of(after) != seen.identity;
  if (failure < 0 || changed || too_large) {
    wipe(seen.bytes);
    return refused(failure < 0 ? reason_of(-failure) : too_large ? reason::kTooLarge : reason::kChanging);
  }
  seen.kind = Observation::Kind::kContent;
  return seen;
}

Observation facts_of(const struct stat& status) {
  Observation seen;
  seen.identity = identity_of(status);
  seen.pinned_deleted = status.st_nlink == 0;
  seen.readable_by_others = (status.st_mode & S_IROTH) != 0;
  return seen;
}

Observation look_once(FileSystem& files, const Look& look) {
  const int descriptor = uninterrupted([&] { return files.open(look.path); });
  if (descriptor < 0) return refused(reason_of(-descriptor));
  const OpenFile file(files, descriptor);
  struct stat status{};
  const int failure = uninterrupted([&] { return files.fstat(descriptor, status); });
  if (failure < 0) return refused(reason_of(-failure));
  if (!S_ISREG(status.st_mode)) return refused(reason::kNotRegular);
  auto seen = facts_of(status);
  if (look.unless_same && *look.unless_same == seen.identity) {
    seen.kind = Observation::Kind::kUnchanged;
    return seen;
  }
  return read_open_file(files, look, descriptor, status, std::move(seen));
}

}  // namespace

std::string_view refusal_of_mode(FileSystem& files, const std::string& path, const struct stat& status) {
  if ((status.st_mode & S_IWOTH) != 0) return reason::kWorldWritable;
  mode_t parent = 0;
  const int failure = uninterrupted([&] { return files.parent_mode(path, parent); });
  if (failure < 0) return reason_of(-failure);
  const bool open_to_all = (parent & S_IWOTH) != 0 && (parent & S_ISVTX) == 0;
  return open_to_all ? reason::kWorldWritable : std::string_view{};
}

std::optional<Observation> unchanged_at(FileSystem& files, const std::string& path, const Identity& identity) {
  struct stat status{};
  if (files.stat_at_once(path, status) < 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  auto seen = facts_of(status);
  if (seen.identity != identity) return std::nullopt;
  seen.kind = Observation::Kind::kUnchanged;
  return seen;
}

Observation look_at(FileSystem& files, const Look& look, const Pause& pause) {
  auto seen = look_once(files, look);
  for (const int milliseconds : kRetryMilliseconds) {
    if (seen.kind != Observation::Kind::kRefused || !may_pass(seen.reason)) break;
    pause(core::Milliseconds(milliseconds));
    seen = look_once(files, look);
  }
  return seen;
}

}  // namespace embergate::vault
