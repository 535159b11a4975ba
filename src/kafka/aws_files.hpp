// SPDX-License-Identifier: Apache-2.0
// Files that the operator's AWS_... variables name: the shared credentials file and files with one token. Thread:
// blocking, on control threads. Failure: texts name the variable, never a path or content.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "embergate/core/result.hpp"
#include "kafka/aws_signature.hpp"

namespace embergate::kafka {

// A regular file of at most 64 KiB; nothing when it cannot be read.
std::optional<vault::Secret> read_operator_file(const std::string& path);
// One line without its end; `variable` names the file in the error.
core::Result<vault::Secret> read_token_file(const std::string& path, std::string_view variable);

// A profile of a shared credentials file: aws_access_key_id, aws_secret_access_key, aws_session_token.
core::Result<AwsCredentials> read_profile(std::string_view file, std::string_view profile);

}  // namespace embergate::kafka
