// SPDX-License-Identifier: Apache-2.0
// Which user of this machine holds the other end of a TCP connection, as the kernel says it. Anyone may listen at a
// port while the program that it belongs to is down. Thread: any; reads /proc. Failure: kElsewhere also where /proc
// cannot be read. A process in another network namespace (a container) looks like one of another machine.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

namespace embergate::app {

struct OtherEnd {
  enum class State {
    kElsewhere,  // none of the sockets that can be seen from here
    kNotTaken,   // established by the kernel; no process has accepted it, so no one holds it
    kClosed,     // it was given up
    kHeld        // by a process of `user`, from now until it is closed
  };
  State state = State::kElsewhere;
  uid_t user = 0;
};

// `socket`: a connected one.
OtherEnd other_end_of(int socket);
// The row of that end within a text as /proc/net/tcp has it. `ends`: " local remote " as the row spells them.
OtherEnd other_end_in(std::string_view table, std::string_view ends);
// Whether all users that this user namespace has no number for are shown as this one: it is no one in particular then.
bool stands_for_many(uid_t user);

}  // namespace embergate::app
