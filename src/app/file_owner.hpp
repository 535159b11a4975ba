// SPDX-License-Identifier: Apache-2.0
// Who owns a file, where that says who put it there. In /tmp, or below a directory that others may write, any user can
// make a file, or all that leads to it, before its owner does. So each directory on the way, links followed as the
// kernel follows them, must belong to root, to this user or to the owner of the file, and take new entries from its
// owner alone. Where others may add entries of their own but not take away those of others (the sticky bit), what leads
// on must belong to root or to this user. An owner is believed as root or this user led to the first thing of theirs.
// Thread: any. Failure: what cannot be found out has no known owner. Bounds: 40 links, as the kernel has it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string_view>

namespace embergate::app {

// `path`: a whole one; nullopt too where it is not, or leads to no regular file.
std::optional<uid_t> known_owner(std::string_view path);

}  // namespace embergate::app
