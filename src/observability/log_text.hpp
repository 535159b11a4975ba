// SPDX-License-Identifier: Apache-2.0
// One log event as text for people at a terminal: time, level, name, message, then key=value. Each line carries its
// whole time, as RFC 3339 in UTC: it stands by itself when it is copied from a terminal that has been open for days,
// and is found by the same text in logs that were collected as JSON. Thread: pure functions. Failure: none; what would
// steer a terminal or break the line is escaped, long values are cut as in JSON. `redactor` (may be null) sees each
// value before it is escaped: escapes are not those that it knows.
#pragma once

#include <string>

#include "observability/log_line.hpp"

namespace embergate::observability::log {

std::string text_of(const Event& event, const Redactor* redactor, bool colour);

}  // namespace embergate::observability::log
