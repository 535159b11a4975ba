// SPDX-License-Identifier: Apache-2.0
// Named groups of regular expressions, and what stands in the place of a match.
#include <gtest/gtest.h>

#include "evaluation.hpp"

namespace embergate::fhirpath::test {
namespace {

struct PatternCase {
  const char* text;
  const char* gives;
};

void expect_results(std::initializer_list<PatternCase> rows) {
  for (const PatternCase& row : rows) EXPECT_EQ(evaluate(row.text), row.gives) << row.text;
}

void expect_refusals(std::initializer_list<PatternCase> rows) {
  for (const PatternCase& row : rows)
    EXPECT_NE(evaluate(row.text).find(row.gives), std::string::npos) << row.text << "\n  " << evaluate(row.text);
}

TEST(Pattern, Fp63_NamesItsGroupsAsTheStandardDoes) {
  expect_results({
      {R"('11/30/1972'.replaceMatches('\\b(?<month>\\d{1,2})/(?<day>\\d{1,2})/(?<year>\\d{2,4})\\b', '${day}-${month}-${year}'))",
       "String:\"30-11-1972\""},
      {R"('11/30/1972'.replaceMatches('(?<month>\\d+)/(?P<day>\\d+)', '${day}/${month}'))", "String:\"30/11/1972\""},
      {R"('ab'.matches('^(?<first>a)(?<second>b)$'))", "Boolean:true"},
      {R"('ab'.matchesFull('(?<first>a(?<inner>b))'))", "Boolean:true"},
      {R"('AB'.replaceMatches('(?<x>a)', '<${x}>', 'i'))", "String:\"<A>B\""},
      {R"('ab'.replaceMatches('(?<x>' & 'a)', '<${x}>'))", "String:\"<a>b\""},
  });
}

TEST(Pattern, Fp63_LeavesAloneWhatOnlyLooksLikeANamedGroup) {
  expect_results({
      {R"('a(?<b>'.replaceMatches('[(?<b>]', '.'))", "String:\"a.....\""},
      {R"('P'.matches('[(?<x>]'))", "Boolean:false"},
      {R"('P'.matches('[]?(?<x>]'))", "Boolean:false"},
      {R"('P'.matches('[^](?<x>]'))", "Boolean:true"},
      {R"('P'.matches('[[:digit:](?<x>]'))", "Boolean:false"},
      {R"('P'.matches('[\\](?<x>]'))", "Boolean:false"},
      {R"('(<x>'.matchesFull('\\(?<x>'))", "Boolean:true"},
      {R"('(P<x>'.matches('\\(?<x>P'))", "Boolean:false"},
      {R"('(?<x>'.matchesFull('\\Q(?<x>\\E'))", "Boolean:true"},
      {R"('(?<x>a'.replaceMatches('\\Q(?<x>\\E(?<y>a)', '${y}'))", "String:\"a\""},
      {R"('[a'.replaceMatches('\\[(?<y>a)', '${y}'))", "String:\"a\""},
  });
}

TEST(Pattern, Fp63_RefusesWhatNoLinearEngineCanDo) {
  expect_refusals({
      {"'a'.matches('(?<=a)b')", "the syntax is that of RE2: no look-around"},
      {"'a'.matches('(?<!a)b')", "the syntax is that of RE2: no look-around"},
      {"'a'.matches('(?<a-b>b)')", "(?<a-b>"},
  });
}

TEST(Substitution, Fp63_TakesGroupsByNumberAndName) {
  expect_results({
      {R"('ab'.replaceMatches('(a)(b)', '$2$1$0'))", "String:\"baab\""},
      {R"('ab'.replaceMatches('(?<x>a)(b)', '${2}${x}${1}${0}'))", "String:\"baaab\""},
      {R"('ab'.replaceMatches('(a)(b)', '$12'))", "String:\"a2\""},
      {R"('abcdefghijklm'.replaceMatches('(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)(?<last>l)', '$12$11${last}$1'))",
       "String:\"lklam\""},
      {R"('b'.replaceMatches('(a)?b', '<$1>'))", "String:\"<>\""},
      {R"('5 EUR'.replaceMatches('(\\d+) EUR', '$$$1'))", "String:\"$5\""},
      {R"('a'.replaceMatches('a', '$'))", "String:\"$\""},
      {R"('a'.replaceMatches('a', '$$1'))", "String:\"$1\""},
      {R"('a'.replaceMatches('a', '$x ${'))", "String:\"$x ${\""},
      {R"('a'.replaceMatches('a', '\\1\\'))", R"(String:"\\1\\")"},
      {R"('aa'.replaceMatches('a', ''))", "String:\"\""},
  });
}

TEST(Substitution, Fp63_RefusesAGroupThatIsNotThereByItsName) {
  expect_refusals({
      {"'a'.replaceMatches('(?<day>a)(?<month>b)?', '${dya}')",
       "line 1, column 45: the regular expression has no group named 'dya'; it has day, month; a dollar sign is "
       "written $$"},
      {"'a'.replaceMatches('a', '${x}')", "the regular expression has no group named 'x'; a dollar sign"},
      {"'a'.replaceMatches('a', '${}')", "the regular expression has no group named ''"},
      {"'a'.replaceMatches('(a)', '$2')", "the regular expression has no group 2; a dollar sign is written $$"},
      {"'a'.replaceMatches('(a)', '${99999999999}')", "has no group 99999999999"},
      // Known only when it is evaluated.
      {"'a'.replaceMatches('(a)', '$' & '2')", "line 1, column 5: the regular expression has no group 2"},
      {"'a'.replaceMatches('(?<x>a)' & '', '${y}')", "has no group named 'y'; it has x"},
  });
}

}  // namespace
}  // namespace embergate::fhirpath::test
