// SPDX-License-Identifier: Apache-2.0
// What a broker says of a login is shown with a few known words only: it was shown the credential, and may quote it in
// any form (S-10, S-21). Thread: pure function. Failure: none.
#pragma once

#include <string>
#include <string_view>

namespace embergate::kafka {

// The library's error text without the time that it took, which would make each try another error, and with "[...]" for
// each word of the broker that is not known. What the library itself says stays as it is.
std::string without_broker_words(std::string_view text);

}  // namespace embergate::kafka
