// SPDX-License-Identifier: Apache-2.0
#include "support/delivery/file_calls.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "embergate/core/assert.hpp"
#include "support/temp_dir.hpp"

namespace embergate::test::delivery {
namespace {

namespace fs = std::filesystem;

void write_all(int handle, std::string_view bytes) {
  EG_ASSERT(handle >= 0);
  EG_ASSERT(::write(handle, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
}

}  // namespace

void step(const Hook& hook, std::string_view name) {
  if (hook) hook(name);
}

void create_file(const fs::path& path, std::string_view bytes, mode_t mode) {
  const int handle = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  write_all(handle, bytes);
  EG_ASSERT(::fchmod(handle, mode) == 0 && ::fsync(handle) == 0);
  ::close(handle);
}

void truncate_and_write(const fs::path& path, std::string_view bytes, const Hook& hook) {
  const int handle = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  EG_ASSERT(handle >= 0);
  step(hook, "emptied");
  write_all(handle, bytes.substr(0, bytes.size() / 2));
  step(hook, "half");
  write_all(handle, bytes.substr(bytes.size() / 2));
  ::close(handle);
  step(hook, "written");
}

void overwrite(const fs::path& path, std::string_view bytes) {
  const int handle = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  write_all(handle, bytes);
  EG_ASSERT(::ftruncate(handle, static_cast<off_t>(bytes.size())) == 0);
  ::close(handle);
}

void replace(const fs::path& path, std::string_view bytes, mode_t mode, const Hook& hook) {
  const fs::path temporary = path.parent_path() / ("." + path.filename().string() + ".tmp");
  fs::remove(temporary);
  create_file(temporary, bytes, mode);
  step(hook, "temporary file");
  fs::rename(temporary, path);
  step(hook, "renamed");
}

bool holds(const fs::path& path, std::string_view bytes) { return fs::exists(path) && read_file(path) == bytes; }

}  // namespace embergate::test::delivery
