// SPDX-License-Identifier: Apache-2.0
// A volume that hangs: from its making on, each call of the process to fsync or fdatasync stands still until the end of
// the object. A process of its own traces the other one and holds its threads at these calls. Thread: one at a time.
// Ownership: what it holds goes on when it ends. Failure: a process that cannot be traced ends the test program; ask
// possible() first.
#pragma once

#include <sys/types.h>

namespace embergate::test {

class HeldSync {
 public:
  // Whether this process may trace others.
  static bool possible();

  explicit HeldSync(pid_t process);  // returns when all of its threads are traced
  ~HeldSync();
  HeldSync(const HeldSync&) = delete;
  HeldSync& operator=(const HeldSync&) = delete;

 private:
  pid_t tracer_ = -1;
};

}  // namespace embergate::test
