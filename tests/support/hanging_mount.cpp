// SPDX-License-Identifier: Apache-2.0
#include "support/hanging_mount.hpp"

#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "embergate/core/assert.hpp"

namespace embergate::test {
namespace {

constexpr const char* kDevice = "/dev/fuse";
constexpr std::size_t kRequestBytes = 1 << 17;

struct Node {
  std::uint64_t id = 0;
  std::string content;
  std::uint64_t changed = 0;  // seconds
};

std::string mount_options(int descriptor) {
  return "fd=" + std::to_string(descriptor) + ",rootmode=40755,user_id=0,group_id=0,allow_other";
}

}  // namespace

struct HangingMount::Impl {
  explicit Impl(const std::filesystem::path& at)
      : point(at.string()), device(::open(kDevice, O_RDWR | O_CLOEXEC)), wake(::eventfd(0, EFD_CLOEXEC)) {
    std::filesystem::create_directories(at);
    EG_ASSERT(device >= 0 && wake >= 0);
    const auto options = mount_options(device);
    EG_ASSERT(::mount("embergate-test", point.c_str(), "fuse", MS_NOSUID | MS_NODEV, options.c_str()) == 0);
    server = std::thread([this] { serve(); });
  }
  ~Impl() {
    ::umount2(point.c_str(), MNT_DETACH);
    stopping = true;
    ring();
    server.join();
    ::close(device);  // what still hangs fails now
    ::close(wake);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void ring() const {
    const std::uint64_t one = 1;
    EG_ASSERT(::write(wake, &one, sizeof one) == sizeof one);
  }

  void serve() {
    std::vector<char> request(kRequestBytes);
    while (!stopping) {
      std::array<pollfd, 2> waiting{{{device, POLLIN, 0}, {wake, POLLIN, 0}}};
      if (::poll(waiting.data(), waiting.size(), -1) < 0) continue;
      if ((waiting[1].revents & POLLIN) != 0) {
        std::uint64_t rung = 0;
        EG_ASSERT(::read(wake, &rung, sizeof rung) == sizeof rung);
        answer_held();
      }
      if ((waiting[0].revents & (POLLERR | POLLHUP)) != 0) return;
      if ((waiting[0].revents & POLLIN) == 0) continue;
      const ssize_t size = ::read(device, request.data(), request.size());
      if (size < static_cast<ssize_t>(sizeof(fuse_in_header))) continue;
      take({request.data(), static_cast<std::size_t>(size)});
    }
  }

  void take(std::string request) {
    std::lock_guard lock(mutex);
    fuse_in_header header{};
    std::memcpy(&header, request.data(), sizeof header);
    const bool wants_none =
        header.opcode == FUSE_FORGET || header.opcode == FUSE_BATCH_FORGET || header.opcode == FUSE_INTERRUPT;
    if (wants_none) return;
    if (hangs && header.opcode != FUSE_INIT) {
      held.push_back(std::move(request));
      return;
    }
    answer(request);
  }

  void answer_held() {
    std::lock_guard lock(mutex);
    if (hangs) return;
    for (const auto& request : held) answer(request);
    held.clear();
  }

  void reply(const fuse_in_header& to, int error, const void* data = nullptr, std::size_t size = 0) const {
    fuse_out_header header{};
    header.unique = to.unique;
    header.error = -error;
    header.len = static_cast<std::uint32_t>(sizeof header + size);
    std::array<iovec, 2> parts{{{&header, sizeof header}, {const_cast<void*>(data), size}}};
    [[maybe_unused]] const ssize_t written = ::writev(device, parts.data(), size > 0 ? 2 : 1);  // gone: not ours
  }

  template <class Out>
  void reply_with(const fuse_in_header& to, const Out& out) const {
    reply(to, 0, &out, sizeof out);
  }

  [[nodiscard]] const Node* node_of(std::uint64_t id) const {
    for (const auto& [name, node] : nodes) {
      if (node.id == id) return &node;
    }
    return nullptr;
  }

  static fuse_attr attributes_of(std::uint64_t id, const Node* node) {
    fuse_attr attributes{};
    attributes.ino = id;
    attributes.mode = node == nullptr ? S_IFDIR | 0755 : S_IFREG | 0440;
    attributes.nlink = 1;
    attributes.size = node == nullptr ? 0 : node->content.size();
    attributes.mtime = attributes.ctime = node == nullptr ? 0 : node->changed;
    attributes.blksize = 4'096;
    return attributes;
  }

  void answer(const std::string& request) const {
    fuse_in_header header{};
    std::memcpy(&header, request.data(), sizeof header);
    const char* body = request.data() + sizeof header;
    switch (header.opcode) {
      case FUSE_INIT: {
        fuse_init_out out{};
        out.major = FUSE_KERNEL_VERSION;
        out.minor = 31;
        out.max_write = 4'096;
        return reply_with(header, out);
      }
      case FUSE_LOOKUP: {
        const auto found = nodes.find(body);
        if (found == nodes.end()) return reply(header, ENOENT);
        fuse_entry_out out{};
        out.nodeid = found->second.id;
        out.attr = attributes_of(found->second.id, &found->second);
        return reply_with(header, out);
      }
      case FUSE_GETATTR: {
        const Node* node = node_of(header.nodeid);
        if (node == nullptr && header.nodeid != FUSE_ROOT_ID) return reply(header, ESTALE);
        fuse_attr_out out{};
        out.attr = attributes_of(header.nodeid, node);
        return reply_with(header, out);
      }
      case FUSE_OPEN: {
        fuse_open_out out{};
        out.open_flags = FOPEN_DIRECT_IO;
        return reply_with(header, out);
      }
      case FUSE_READ: {
        fuse_read_in in{};
        std::memcpy(&in, body, sizeof in);
        const Node* node = node_of(header.nodeid);
        if (node == nullptr) return reply(header, ESTALE);
        const auto begin = std::min<std::size_t>(in.offset, node->content.size());
        return reply(header, 0, node->content.data() + begin,
                     std::min<std::size_t>(in.size, node->content.size() - begin));
      }
      case FUSE_STATFS:
        return reply_with(header, fuse_statfs_out{});
      case FUSE_FLUSH:
      case FUSE_RELEASE:
      case FUSE_DESTROY:
        return reply(header, 0);
      default:
        return reply(header, ENOSYS);
    }
  }

  const std::string point;
  const int device;
  const int wake;
  mutable std::mutex mutex;  // guards what follows
  std::map<std::string, Node> nodes;
  std::uint64_t last_id = FUSE_ROOT_ID;
  std::vector<std::string> held;
  bool hangs = false;
  std::atomic<bool> stopping{false};
  std::thread server;
};

bool HangingMount::possible() {
  if (::geteuid() != 0) return false;
  const int device = ::open(kDevice, O_RDWR | O_CLOEXEC);
  if (device < 0) return false;
  // A container may show the device and forbid the mount.
  std::string point = (std::filesystem::temp_directory_path() / "embergate-mount-XXXXXX").string();
  bool mounted = false;
  if (::mkdtemp(point.data()) != nullptr) {
    mounted = ::mount("embergate-test", point.c_str(), "fuse", 0, mount_options(device).c_str()) == 0;
    if (mounted) ::umount2(point.c_str(), MNT_DETACH);
    ::rmdir(point.c_str());
  }
  ::close(device);
  return mounted;
}

HangingMount::HangingMount(const std::filesystem::path& point) : impl_(std::make_unique<Impl>(point)) {}

HangingMount::~HangingMount() = default;

std::string HangingMount::write(const std::string& name, const std::string& content) {
  std::lock_guard lock(impl_->mutex);
  auto& node = impl_->nodes[name];
  node.id = ++impl_->last_id;
  node.content = content;
  node.changed = static_cast<std::uint64_t>(std::time(nullptr)) - 60;  // not young any more
  return impl_->point + "/" + name;
}

void HangingMount::hang() {
  std::lock_guard lock(impl_->mutex);
  impl_->hangs = true;
}

void HangingMount::release() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->hangs = false;
  }
  impl_->ring();
}

std::size_t HangingMount::waiting() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->held.size();
}

}  // namespace embergate::test
