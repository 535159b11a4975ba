// SPDX-License-Identifier: Apache-2.0
#include "app/printable_stream.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace embergate::app {
namespace {

TEST(PrintableStream, LetsNothingThatIsQuotedSteerTheTerminal) {
  std::ostringstream behind;
  {
    PrintableStream stream(behind);
    stream << "embergate: \"\x1b[2J\"\nn: " << 7 << '\t' << "a\x9b" << '\n';
    EXPECT_EQ(behind.str(), "embergate: \"\\u001b[2J\"\nn: 7\ta\xEF\xBF\xBD\n");
  }
}

TEST(PrintableStream, KeepsACharacterWholeThatIsWrittenInParts) {
  std::ostringstream behind;
  {
    PrintableStream stream(behind);
    stream << "caf\xC3" << std::flush << "\xA9";
    stream.put('!');
    EXPECT_EQ(behind.str(), "") << "not before the line ends";
  }
  EXPECT_EQ(behind.str(), "caf\xC3\xA9!");
}

}  // namespace
}  // namespace embergate::app
