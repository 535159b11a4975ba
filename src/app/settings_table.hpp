// SPDX-License-Identifier: Apache-2.0
// Every setting of the program, one row each: what the reader checks values against, what `embergate settings` and the
// help print, and what docs/configure.md is held to. Thread: constant data. Failure: none; an unknown name has no row.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace embergate::app {

enum class SettingKind : std::uint8_t { kText, kNumber, kBoolean, kChoice, kSecret };

struct Setting {
  std::string_view name;
  std::string_view group;
  SettingKind kind;
  std::string_view form;      // what a value is; of kChoice the words with ", " between; of kNumber empty
  std::string_view fallback;  // the default, in words where other settings decide it
  std::string_view about;
  std::int64_t least = 0;  // of kNumber
  std::int64_t most = 0;
};

std::span<const Setting> settings_table();           // those of a group stand together
const Setting* find_setting(std::string_view name);  // nullptr: none
std::string allowed_values(const Setting& setting);  // "0 to 65535"
// The known name that is most like one that is not; empty: nothing is near.
std::string_view nearest_setting(std::string_view name);
// Of a word that stands for none of kChoice's or kBoolean's; empty: nothing is near.
std::string_view nearest_word(const Setting& setting, std::string_view word);
// The end of the help: the groups, where all of them are listed, and examples.
std::string settings_help();
std::string_view settings_examples();  // a line each

}  // namespace embergate::app
