// SPDX-License-Identifier: Apache-2.0
// A secret volume as a kubelet makes it: key -> ..data/key, ..data -> a directory of the version, swapped by rename.
// Tests look between any two steps through the hook, instead of sleeping and hoping to meet them; and the other ways in
// which files are replaced. Thread: one writer; readers may run beside it. Failure: EG_ASSERT.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace embergate::test {

class AtomicVolume {
 public:
  enum class Step { kPayloadWritten, kLinksBefore, kTmpLink, kSwapped, kLinksAfter, kOldRemoved };
  using Hook = std::function<void(Step)>;
  using Payload = std::map<std::string, std::string>;

  explicit AtomicVolume(std::filesystem::path directory, bool links_before_swap = false);
  // Replaces all files of the volume by these; a key that is not among them goes away. Equal payloads are not written.
  void write(const Payload& payload, const Hook& hook = {});
  // As write(), but the writer dies after this step; the next write() finds what it left behind.
  void write_until(const Payload& payload, Step last);
  void set_mode(mode_t mode) { mode_ = mode; }  // of files; a kubelet's default is 0644
  [[nodiscard]] std::string file(std::string_view key) const { return (directory_ / key).string(); }

 private:
  // Each step is one call, so that a writer can die between any two.
  void perform(Step step, const Payload& payload);
  void write_payload(const Payload& payload);
  void make_links(const Payload& payload);
  void remove_stale_links(const Payload& payload);

  std::filesystem::path directory_;
  bool links_before_swap_;
  mode_t mode_ = 0640;
  int version_ = 0;
  Payload published_;
  std::string fresh_;  // name of the directory of the version being written
  std::string old_;    // of the one before
};

// The ways of 1.3, 1.8 and 1.9 of the reference on secret delivery. `between` runs in the window that each leaves open.
using Between = std::function<void()>;
void replace_by_rename(const std::string& path, std::string_view bytes);
void write_in_place(const std::string& path, std::string_view bytes, const Between& emptied = {},
                    const Between& half = {});
void overwrite_same_size(const std::string& path, std::string_view bytes);
void relink(const std::string& link, const std::string& target, const Between& between = {});

}  // namespace embergate::test
