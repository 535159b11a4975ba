// SPDX-License-Identifier: Apache-2.0
// Answers with credentials: the XML of STS and the JSON of a container endpoint. Pure functions; both wipe the body.
// Failure: texts hold the status and what is missing, nothing of the answer (S-10). 4xx is final, all else retriable.
#pragma once

#include "embergate/core/result.hpp"
#include "embergate/kafka/token_sources.hpp"
#include "kafka/aws_signature.hpp"

namespace embergate::kafka {

core::Result<AwsCredentials> read_sts_answer(TokenAnswer answer);
core::Result<AwsCredentials> read_container_answer(TokenAnswer answer);

}  // namespace embergate::kafka
