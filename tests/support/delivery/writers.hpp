// SPDX-License-Identifier: Apache-2.0
// Makers of the simulators, for the table in method.cpp. Thread, ownership and failure: as method.hpp says.
#pragma once

#include <filesystem>
#include <memory>

#include "support/delivery/method.hpp"

namespace embergate::test::delivery {

using Made = std::unique_ptr<Method>;
using Directory = std::filesystem::path;

// plain_writers.cpp: programs that write single files.
Made make_rename(const Directory& directory);
Made make_backup(const Directory& directory);
Made make_vault_agent(const Directory& directory);
Made make_aws_provider(const Directory& directory);
Made make_in_place(const Directory& directory);
Made make_spiffe_helper(const Directory& directory);
Made make_same_size(const Directory& directory);
Made make_certbot(const Directory& directory);
Made make_remove_create(const Directory& directory);

// volume_writers.cpp: volumes whose files are replaced together.
Made make_kubelet(const Directory& directory);
Made make_csi_driver(const Directory& directory);
Made make_csi_upgrade(const Directory& directory);
Made make_csi_remount(const Directory& directory);
Made make_eso(const Directory& directory);

// mounted_writers.cpp: what a container sees of its host's files.
Made make_compose_directory(const Directory& directory);
Made make_compose_file(const Directory& directory);
Made make_compose_file_in_place(const Directory& directory);
Made make_subpath(const Directory& directory);
Made make_swarm(const Directory& directory);
Made make_replaced_directory(const Directory& directory);
Made make_coarse_disk(const Directory& directory);

// injected_files.cpp: file systems that hang, fail or tell little.
Made make_coarse_times(const Directory& directory);
Made make_slow_network(const Directory& directory);
Made make_failing_disk(const Directory& directory);

}  // namespace embergate::test::delivery
