// SPDX-License-Identifier: Apache-2.0
// How the log of this process looks, and its first line: version, database, where it listens, and which settings the
// environment holds. Thread: start only. Failure: none.
#pragma once

#include "embergate/app/settings.hpp"

namespace embergate::app {

// `terminal`: standard output is one.
observability::log::Options log_options(const Settings& settings, bool terminal);
void log_starting(const SettingsReading& reading);

}  // namespace embergate::app
