// SPDX-License-Identifier: Apache-2.0
#include "support/delivery/method.hpp"

#include <algorithm>

#include "embergate/core/assert.hpp"
#include "support/delivery/mounts.hpp"
#include "support/delivery/writers.hpp"

namespace embergate::test::delivery {
namespace {

constexpr Promise kSwaps{};
constexpr Promise kReplaces{.same_path = true};
constexpr Promise kTears{.torn = true, .same_path = true};
constexpr Promise kNever{.rotates = false};
constexpr Promise kInProcess{.in_process = true};

}  // namespace

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{
      {"kubelet", kSwaps, "every file of the volume is new at each change", make_kubelet},
      {"external-secrets", kSwaps, "two writers of one key: A, B, A, B", make_eso},
      {"csi-driver", kSwaps, "links appear before the swap", make_csi_driver},
      {"csi-upgrade", kSwaps, "files of the provider go before the driver's links come", make_csi_upgrade},
      {"csi-remount", kSwaps, "a new tmpfs with the old device and inode numbers", make_csi_remount, true},
      {"aws-provider", kReplaces, "one file after the other, temporary names in the directory", make_aws_provider},
      {"vault-agent", kReplaces, "the owner is set after the rename", make_vault_agent},
      {"rename", kReplaces, "temporary file, then rename", make_rename},
      {"backup", kReplaces, "each version has an older time than the one before", make_backup},
      {"remove-create", kReplaces, "no file for a moment, then the same inode number", make_remove_create},
      {"certbot", kReplaces, "unlink, then symlink to another directory", make_certbot},
      {"in-place", kTears, "truncated, then written in parts", make_in_place},
      {"spiffe-helper", kTears, "truncated and written, file after file", make_spiffe_helper},
      {"same-size", kReplaces, "overwritten without truncation", make_same_size},
      {"compose-directory", kSwaps, "bind mount of the directory, rename within", make_compose_directory, true},
      {"compose-file-in-place",
       {.torn = true},
       "bind mount of one file, written in place by the host",
       make_compose_file_in_place,
       true},
      {"one-second-disk", kSwaps, "same size, same second: no metadata tells of the change", make_coarse_disk, true,
       true},
      {"one-second-times", kInProcess, "as one-second-disk, in the reader's process", make_coarse_times},
      {"slow-network", kInProcess, "NFS: one byte a read, every third open is stale", make_slow_network},
      {"failing-disk", kInProcess, "every fifth read is an input/output error", make_failing_disk},
      {"compose-file", kNever, "a bind mount of one file stays with that file; mount the directory", make_compose_file,
       true},
      {"subpath", kNever, "subPath mounts one file, which stays; mount the volume", make_subpath, true},
      {"swarm", kNever, "a Swarm secret is filled once; rotation is a new task", make_swarm, true},
      {"replaced-directory", kNever, "a mount stays with its directory; rename files within it",
       make_replaced_directory, true},
  };
  return all;
}

const Kind& kind(std::string_view name) {
  const auto found = std::find_if(kinds().begin(), kinds().end(), [&](const Kind& one) { return one.name == name; });
  EG_ASSERT(found != kinds().end());
  return *found;
}

std::string obstacle(const Kind& kind) {
  if (kind.needs_loop) return loop_obstacle();
  return kind.mounts ? enter_private_mounts() : std::string();
}

}  // namespace embergate::test::delivery
