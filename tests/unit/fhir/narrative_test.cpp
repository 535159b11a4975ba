// SPDX-License-Identifier: Apache-2.0
#include "embergate/fhir/narrative.hpp"

#include <gmock/gmock.h>

namespace embergate::fhir {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Narrative, ItsLinksAreThoseOfAnchorsAndImages) {
  EXPECT_THAT(narrative_links(R"(<div><a class="x" href="urn:uuid:1">a</a><img src='Binary/2' alt="b"/></div>)"),
              ElementsAre("urn:uuid:1", "Binary/2"));
  EXPECT_THAT(narrative_links("<a\n href = \"1\" id=x href=\"2\">"), ElementsAre("1", "2"));
}

TEST(Narrative, WhatOnlyLooksLikeALinkIsNone) {
  EXPECT_THAT(narrative_links(R"(href="1" <b href="2"> <a title="href='3'"> <!-- <a href="4"> --> <a src="5">)"),
              IsEmpty());
}

TEST(Narrative, WhatIsCutOffHasTheLinksThatCanBeTold) {
  EXPECT_THAT(narrative_links("<a href=\"1"), ElementsAre("1"));
  for (const char* text : {"", "<", "<a", "<a href", "<a href=", "<!--", "<a href=\"\"", "<a = =>"})
    EXPECT_THAT(narrative_links(text), testing::Each("")) << text;
}

}  // namespace
}  // namespace embergate::fhir
