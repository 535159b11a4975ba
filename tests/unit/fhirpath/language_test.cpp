// SPDX-License-Identifier: Apache-2.0
// What expressions give, one table for each part of the language.
#include <gtest/gtest.h>

#include <span>
#include <string>
#include <utility>

#include "evaluation.hpp"

namespace embergate::fhirpath::test {
namespace {

struct Sentence {
  const char* text;
  const char* gives;
};

void check(std::span<const Sentence> rows, const fhir::Resource* on = nullptr) {
  for (const Sentence& row : rows) EXPECT_EQ(evaluate(row.text, on), row.gives) << row.text;
}

constexpr std::string_view kPatient = R"({"resourceType":"Patient","id":"p1","active":true,
 "name":[{"use":"official","family":"Åström","given":["Zoë","Lea"]},{"use":"usual","given":["Zo"]}],
 "birthDate":"1974-12-25","_birthDate":{"extension":[{"url":"http://x/time","valueDateTime":"1974-12-25T14:35:45-05:00"}]},
 "_gender":{"extension":[{"url":"http://x/absent","valueCode":"unknown"}]},
 "multipleBirthInteger":2,
 "telecom":[{"system":"phone","value":"555-1","rank":1},{"system":"email","value":"a@b"}],
 "contact":[{"name":{"given":[null,"James",null],"_given":[{"extension":[{"url":"http://x/e","valueBoolean":true}]},null,null]}}],
 "managingOrganization":{"reference":"#org"},
 "generalPractitioner":[{"reference":"Practitioner/7"},{"reference":"#org"},{"reference":"http://other/fhir/Organization/9"}],
 "contained":[{"resourceType":"Organization","id":"org","name":"Acme"}]})";

TEST(Language, BindsOperatorsAsTheGrammarSays) {
  const Sentence rows[] = {
      {"1 + 2 * 3 - 4", "Integer:3"},
      {"-1.abs()", "Integer:-1"},
      {"(1 | 1 is Integer).count()", "Integer:2"},
      {"true or false and false", "Boolean:true"},
      {"false implies false implies false", "Boolean:false"},
      {"1 + 1 = 2 and 'a' in ('a' | 'b')", "Boolean:true"},
      {"2 // two\n + /* and */ 2", "Integer:4"},
      {"7 div 2 * 2 + 7 mod 2", "Integer:7"},
      {"'a' & 'b' + 'c'", "String:\"abc\""},
  };
  check(rows);
}

TEST(Language, ReadsLiterals) {
  const Sentence rows[] = {
      {"'\\'\\\\\\n\\u0041\\ud83d\\ude00\\q'", "String:\"'\\\\\\nA😀q\""},
      {"1.50", "Decimal:1.50"},
      {"12345678901L", "Long:12345678901"},
      {"-2147483648", "Integer:-2147483648"},
      {"@2015T", "DateTime:\"2015\""},
      {"@T14:30", "Time:\"14:30\""},
      {"1 day.unit", "String:\"day\""},
      {"1.0 'mg'.value", "Decimal:1.0"},
      {"{}", ""},
      {"%ucum & %`vs-x`", "String:\"http://unitsofmeasure.orghttp://hl7.org/fhir/ValueSet/x\""},
  };
  check(rows);
}

TEST(Language, ThinksInThreeValues) {
  const Sentence rows[] = {
      {"true and {}", ""},
      {"false and {}", "Boolean:false"},
      {"{} and false", "Boolean:false"},
      {"true or {}", "Boolean:true"},
      {"{} or false", ""},
      {"{} xor true", ""},
      {"true xor false", "Boolean:true"},
      {"{} implies true", "Boolean:true"},
      {"{} implies false", ""},
      {"false implies {}", "Boolean:true"},
      {"{}.not()", ""},
      {"true and 'text'", "Boolean:true"},
      {"(1 | 2).not()",
       "error: line 1, column 1: expected one item here, found several; use first(), exists() or where()"},
  };
  for (const Sentence& row : rows) {
    const std::string result = evaluate(row.text);
    if (std::string_view(row.gives).starts_with("error")) {
      EXPECT_NE(result.find("found several"), std::string::npos) << row.text << " " << result;
    } else {
      EXPECT_EQ(result, row.gives) << row.text;
    }
  }
}

TEST(Language, ComparesValues) {
  const Sentence rows[] = {
      {"1 = 1.0", "Boolean:true"},
      {"1 = '1'", "Boolean:false"},
      {"1 = {}", ""},
      {"(1 | 2) = (1 | 2)", "Boolean:true"},
      {"(1 | 2) = (2 | 1)", "Boolean:false"},
      {"(1 | 2) ~ (2 | 1)", "Boolean:true"},
      {"'A b' ~ 'a\\tB'", "Boolean:true"},
      {"{} ~ {}", "Boolean:true"},
      {"{} !~ 1", "Boolean:true"},
      {"@2018 = @2018-03", ""},
      {"@2018 ~ @2018-03", "Boolean:false"},
      {"@2018-03-01 < @2018-03-02T10:00:00Z", "Boolean:true"},
      {"@T10:00 = @2018-01-01", "Boolean:false"},
      {"'b' > 'a'", "Boolean:true"},
      {"1 'cm' < 1 'm'", "Boolean:true"},
      {"1 'cm' < 1 's'", ""},
      {"1 'cm' = 1 's'", ""},
      {"1 = 1 '1'", "Boolean:true"},
      {"9007199254740993 'mg' = 9007199254740992 'mg'", "Boolean:false"},
  };
  check(rows);
  EXPECT_NE(evaluate("1 < 'a'").find("of different types"), std::string::npos);
}

TEST(Language, Computes) {
  const Sentence rows[] = {
      {"0.1 + 0.2", "Decimal:0.3"},
      {"1 / 0", ""},
      {"5 mod 0", ""},
      {"2147483647 + 1", ""},
      {"-7 div 2", "Integer:-3"},
      {"-7 mod 2", "Integer:-1"},
      {"2.2 mod 1.8", "Decimal:0.4"},
      {"(1 'm' + 1 'cm').toString()", "String:\"101 'cm'\""},
      {"@2016-02-29 + 1 year", "Date:\"2017-02-28\""},
      {"2.power(10)", "Integer:1024"},
      {"2.power(0.5).round(3)", "Decimal:1.414"},
      {"(-1).sqrt()", ""},
      {"(-2.5).round()", "Decimal:-3"},
      {"(-1.1).ceiling() | (-1.1).floor() | (-1.9).truncate()", "Integer:-1 Integer:-2"},
      {"100.log(10)", "Decimal:2"},
      {"(1 | 2 | 3).sum() | (1 | 2).avg() | (3 | 1).min() | (3 | 9).max()",
       "Integer:6 Decimal:1.5 Integer:1 Integer:9"},
      {"1.587.lowBoundary() | 1.587.highBoundary(2)", "Decimal:1.58650000 Decimal:1.59"},
      {"1.58700.precision()", "Integer:5"},
  };
  check(rows);
  EXPECT_NE(evaluate("@2015-01-01 + 7").find("+ cannot be applied to Date and Integer"), std::string::npos);
  EXPECT_NE(evaluate("@2015-01-01 + 1 'mo'").find("is no unit to add to a date"), std::string::npos);
  EXPECT_NE(evaluate("@9999-12-31 + 1 day").find("outside the years"), std::string::npos);
}

TEST(Language, WorksOnStringsByCharacter) {
  const Sentence rows[] = {
      {"'Zoë😀x'.length()", "Integer:5"},
      {"'Zoë😀x'.substring(2, 2)", "String:\"ë😀\""},
      {"'Zoë'.substring(3)", ""},
      {"'Zoë'.substring(-1)", ""},
      {"'Zoë'.substring(0, 0)", "String:\"\""},
      {"'aëb'.indexOf('b')", "Integer:2"},
      {"'abcab'.lastIndexOf('ab')", "Integer:3"},
      {"'ÅSTRÖM Ж'.lower()", "String:\"åström ж\""},
      {"'åström ж'.upper()", "String:\"ÅSTRÖM Ж\""},
      {"'abc'.replace('', 'x')", "String:\"xaxbxcx\""},
      {"'abcabc'.replace('b', '')", "String:\"acac\""},
      {"'a,,b'.split(',').join('|')", "String:\"a||b\""},
      {"'ab'.toChars()", "String:\"a\" String:\"b\""},
      {"' \\n x '.trim()", "String:\"x\""},
      {"'a\\nb'.matches('a.b')", "Boolean:true"},
      {"'ABC'.matches('b', 'i')", "Boolean:true"},
      {"'abc'.matchesFull('b')", "Boolean:false"},
      {"'aé'.replaceMatches('x*', '-')", "String:\"-a-é-\""},
      {"'axxb'.replaceMatches('x*', '-')", "String:\"-a-b-\""},
      {"'axxb'.replaceMatches('x*$', '-')", "String:\"axxb-\""},
      {"'xx'.replaceMatches('x|$', '-')", "String:\"--\""},
      {"'abab'.replaceMatches('a', '')", "String:\"bb\""},
      {"'John Smith'.replaceMatches('(?P<a>\\\\w+) (\\\\w+)', '$2 ${a}')", "String:\"Smith John\""},
      {"'äb'.encode('hex') | 'ä?>'.encode('base64') | 'ä?>'.encode('urlbase64')",
       "String:\"c3a462\" String:\"w6Q/Pg==\" String:\"w6Q_Pg==\""},
      {"'zz'.decode('hex')", ""},
      {"'w6Q='.decode('base64')", "String:\"ä\""},
      {"'<a&\\'>'.escape('html').unescape('html')", "String:\"<a&'>\""},
      {"'abc'.startsWith({})", ""},
      {"{}.length()", ""},
      {"'x'.contains('')", "Boolean:true"},
  };
  check(rows);
  EXPECT_NE(evaluate("1.startsWith('1')").find("startsWith() works on a string, here is Integer"), std::string::npos);
  EXPECT_NE(evaluate("'a'.matches('(' & 'a')").find("the regular expression is not accepted"), std::string::npos);
}

TEST(Language, Converts) {
  const Sentence rows[] = {
      {"'Y'.toBoolean()", "Boolean:true"},
      {"2.toBoolean()", ""},
      {"'+12'.toInteger()", "Integer:12"},
      {"'1.0'.toInteger()", ""},
      {"'3000000000'.toInteger() | '3000000000'.toLong()", "Long:3000000000"},
      {"'1e3'.toDecimal()", ""},
      {"true.toDecimal()", "Decimal:1.0"},
      {"'2015-02-04T14:34:28Z'.toDateTime().toDate()", "Date:\"2015-02-04\""},
      {"'25:00'.convertsToTime()", "Boolean:false"},
      {"'1 \\'wk\\''.toQuantity() = 1 week", "Boolean:true"},
      {"'1 wk'.convertsToQuantity()", "Boolean:false"},
      {"'1 \\'kg\\''.toQuantity('g').exists() and '1 \\'kg\\''.toQuantity('s').empty()", "Boolean:true"},
      {"1 'wk'.toString() & 1.50.toString() & @2015.toString()", "String:\"1 'wk'1.502015\""},
      {"{}.toInteger()", ""},
      {"today() | now() | timeOfDay()",
       "Date:\"2026-01-15\" DateTime:\"2026-01-15T12:00:00.000Z\" Time:\"12:00:00.000\""},
  };
  check(rows);
}

TEST(Language, WorksOnCollections) {
  const Sentence rows[] = {
      {"(1 | 2 | 2 | 3).count()", "Integer:3"},
      {"1.combine(1).count()", "Integer:2"},
      {"(1 | 2 | 3).skip(1).take(1)", "Integer:2"},
      {"(1 | 2 | 3).tail() | (1 | 2 | 3).last()", "Integer:2 Integer:3"},
      {"(1 | 2 | 3)[3]", ""},
      {"(1 | 2 | 3).where($this > 1).select($this * $index)", "Integer:0 Integer:3"},
      {"(1 | 2 | 3).all($this > 0) and (1 | 2).exists($this > 1)", "Boolean:true"},
      {"(1 | 2 | 3).exclude(2) = (1 | 3) and (1 | 2 | 3).intersect(2 | 3 | 4) = (2 | 3)", "Boolean:true"},
      {"(3 | 1 | 2).sort()", "Integer:1 Integer:2 Integer:3"},
      {"('a' | 'b').sort($this desc)", "String:\"b\" String:\"a\""},
      {"(3 | 1 | 2).sort(-$this)", "Integer:3 Integer:2 Integer:1"},
      {"(1 | 2 | 3).aggregate($this + $total, 0)", "Integer:6"},
      {"(1 | 2 | 3).aggregate(iif($total.empty() or $this > $total, $this, $total))", "Integer:3"},
      {"1.repeat(iif($this < 4, $this + 1, {}))", "Integer:2 Integer:3 Integer:4"},
      {"(true | false).allTrue() | (true | false).anyTrue()", "Boolean:false Boolean:true"},
      {"(1 | 2).subsetOf(1 | 2 | 3) and (1 | 2 | 3).supersetOf(1 | 2)", "Boolean:true"},
      {"1.combine(1.0).isDistinct()", "Boolean:false"},
      {"coalesce({}, 2, 3)", "Integer:2"},
      {"(1 | 2 | 3) contains 2 and (4 in (1 | 2)) = false", "Boolean:true"},
      {"{} in (1 | 2)", ""},
      {"1 in {}", "Boolean:false"},
      {"iif(true, 1, 1 / 'x')", "Integer:1"},
      {"5.defineVariable('a').select(%a + 1)", "Integer:6"},
      {"(1 | 2).defineVariable('n', $this.count()).select($this + %n)", "Integer:3 Integer:4"},
      {"(1 | 2).trace('name', $this).count()", "Integer:2"},
  };
  check(rows);
  EXPECT_NE(evaluate("(1 | 2).single()").find("single() found several items"), std::string::npos);
  EXPECT_NE(evaluate("(1 | 'a').sort()").find("keys of different types"), std::string::npos);
  EXPECT_NE(evaluate("(true | 1).allTrue()").find("needs Booleans"), std::string::npos);
}

TEST(Language, UsesHashesForLargeSetsWithTheSameResult) {
  std::string all = "(0";
  for (int i = 1; i < 40; ++i) all += " | " + std::to_string(i) + " | " + std::to_string(i) + ".0";
  all += ")";
  EXPECT_EQ(evaluate(all + ".count()"), "Integer:40");
  EXPECT_EQ(evaluate(all + ".select($this mod 20).distinct().count()"), "Integer:20");
  EXPECT_EQ(evaluate(all + ".exclude(7.0 | 100).count()"), "Integer:39");
}

TEST(Language, FollowsPathsInAResource) {
  const auto patient = resource(kPatient);
  const Sentence rows[] = {
      {"name.given", "string:\"Zoë\" string:\"Lea\" string:\"Zo\""},
      {"Patient.name[0].family", "string:\"Åström\""},
      {"DomainResource.id", "id:\"p1\""},
      {"Encounter.id", ""},
      {"`name`.`use`", "code:\"official\" code:\"usual\""},
      {"name.where(use = 'usual').given", "string:\"Zo\""},
      {"multipleBirth", "integer:2"},
      {"multipleBirth.ofType(integer) + 1", "Integer:3"},
      {"multipleBirth.ofType(boolean)", ""},
      {"multipleBirthInteger", "integer:2"},
      {"birthDate.extension('http://x/time').value", "dateTime:\"1974-12-25T14:35:45-05:00\""},
      {"gender.exists() and gender.hasValue().not() and gender.empty().not()", "Boolean:true"},
      {"gender = 'female'", ""},
      {"contact.name.given.select(hasValue())", "Boolean:false Boolean:true"},
      {"contact.name.given.extension('http://x/e').value", "boolean:true"},
      {"telecom.where(rank < 2).value", "string:\"555-1\""},
      {"resourceType", "String:\"Patient\""},
      {"children().ofType(ContactPoint).count()", "Integer:2"},
      {"descendants().ofType(code).count()", "Integer:6"},
      {"contained.ofType(Organization).name", "string:\"Acme\""},
      {"%resource.id = %context.id and %rootResource.exists()", "Boolean:true"},
      {"name.select(given.first() & '!')", "String:\"Zoë!\" String:\"Zo!\""},
      {"name.given.join('/')", "String:\"Zoë/Lea/Zo\""},
      {"name = name and name ~ name", "Boolean:true"},
      {"name[0] = name[1]", "Boolean:false"},
      {"conformsTo('http://hl7.org/fhir/StructureDefinition/Patient')", "Boolean:true"},
  };
  CompileOptions typed;
  typed.context_type = fhir::Model::r4().find_type("Patient");
  for (const Sentence& row : rows) {
    EXPECT_EQ(evaluate(row.text, patient.get()), row.gives) << row.text << " (untyped)";
    EXPECT_EQ(evaluate(row.text, patient.get(), typed), row.gives) << row.text << " (typed)";
  }
}

// A path that ends on the objects of a list has a loop of its own; whatever is odd in the list must go the usual way.
TEST(Language, FollowsPathsThroughOddListsAsStepByStep) {
  const auto odd = resource(R"({"resourceType":"Patient","name":[
    {"family":"A","given":["a1",null,"a2"]}, null, {}, {"fam\u0069ly":"B","_given":[{"id":"x"}]},
    {"_family":{"extension":[{"url":"http://x/e","valueString":"own"}]}}, {"family":null,"given":[]},
    {"family":"C","_family":{"id":"c"},"given":["c1"],"_given":[null,{"id":"y"}]}, "text", 7,
    {"given":"alone"}, {"family":{"no":"text"}}],
    "contact":{"name":{"family":"D"}},"communication":[{"preferred":true},{"preferred":false},{"preferred":null}]})");
  CompileOptions known;
  known.context_type = fhir::Model::r4().find_type("Patient");
  const std::pair<const char*, const char*> paths[] = {
      {"name.family", "name.select(family)"},
      {"name.given", "name.select(given)"},
      {"name.family.extension.value", "name.select(family).select(extension).select(value)"},
      {"name.family.count()", "name.select(family).select($this).count()"},
      {"name.given.count()", "name.select(given).select($this).count()"},
      {"name.count()", "name.select($this).count()"},
      {"contact.name.family", "contact.select(name).select(family)"},
      {"communication.preferred", "communication.select(preferred)"},
      {"communication.count()", "communication.select($this).count()"},
      {"name.given.distinct()", "name.select(given).distinct()"},
      {"name.given.distinct().count()", "name.select(given).distinct().select($this).count()"},
      {"name.given.isDistinct()", "name.select(given).isDistinct()"},
  };
  for (const auto& [path, steps] : paths) {
    EXPECT_EQ(evaluate(path, odd.get(), known), evaluate(steps, odd.get())) << path;
    EXPECT_EQ(evaluate(path, odd.get()), evaluate(steps, odd.get())) << path;
  }
  EXPECT_EQ(evaluate("name.family", odd.get(), known),
            "string:\"A\" string:\"B\" string:null string:\"C\" string:{\"no\":\"text\"}");
  EXPECT_EQ(evaluate("name.given.count()", odd.get(), known), "Integer:6");
  EXPECT_EQ(evaluate("name.count()", odd.get(), known), "Integer:10");
}

TEST(Language, CountsNoNullOfAList) {
  const auto patient =
      resource(R"({"resourceType":"Patient","name":[null,{"given":["a",null,"b",null]},null],"address":[null]})");
  const Sentence rows[] = {{"name.count()", "Integer:1"},
                           {"name.given.count()", "Integer:2"},
                           {"name.first().given.count()", "Integer:2"},
                           {"address.count()", "Integer:0"},
                           {"address.exists()", "Boolean:false"}};
  check(rows, patient.get());
}

TEST(Language, TellsTextsOfEveryLengthApart) {
  std::string parts;
  for (std::size_t length = 0; length <= 70; ++length) {
    for (std::size_t place = 0; place <= length; ++place) {
      std::string text(length, 'a');
      if (place < length) text[place] = 'b';
      parts += (parts.empty() ? "'" : " | '") + text + "'";
      if (parts.size() < 6000) continue;
      EXPECT_EQ(evaluate("(" + parts + ").isDistinct()"), "Boolean:true");
      parts.clear();
    }
  }
}

TEST(Language, TestsTypes) {
  const auto patient = resource(kPatient);
  const Sentence rows[] = {
      {"active is boolean and (active is Boolean).not() and (active is System.Boolean).not()", "Boolean:true"},
      {"1 is Integer and 1 is System.Integer and (1 is integer).not()", "Boolean:true"},
      {"name.use.first() is code and name.use.first() is string", "Boolean:true"},
      {"name.use.first().as(string)", ""},
      {"name.use.ofType(System.String)", "code:\"official\" code:\"usual\""},
      {"$this is Patient and $this is Resource and ($this is Observation).not()", "Boolean:true"},
      {"(Patient is System.Patient).not()", "Boolean:true"},
      {"1.type().name & '.' & active.type().namespace & '.' & type().name", "String:\"Integer.FHIR.Patient\""},
      {"{} is Integer", ""},
      {"managingOrganization is Reference", "Boolean:true"},
  };
  check(rows, patient.get());
  EXPECT_NE(evaluate("name.as(HumanName)", patient.get()).find("use ofType()"), std::string::npos);
}

TEST(Language, TakesAsForAFilterWhereItIsAskedTo) {
  const auto patient = resource(kPatient);
  CompileOptions filters;
  filters.as_filters = true;
  for (const std::string_view type : {"", "Patient"}) {
    filters.context_type = type.empty() ? fhir::kNoType : fhir::Model::r4().find_type(type);
    EXPECT_EQ(evaluate("(name as HumanName).given", patient.get(), filters),
              "string:\"Zoë\" string:\"Lea\" string:\"Zo\"");
    EXPECT_EQ(evaluate("name.as(HumanName).family", patient.get(), filters), "string:\"Åström\"");
    EXPECT_EQ(evaluate("(children() as ContactPoint).value", patient.get(), filters),
              "string:\"555-1\" string:\"a@b\"");
    EXPECT_EQ(evaluate("children().as(ContactPoint).count()", patient.get(), filters), "Integer:2");
    EXPECT_EQ(evaluate("(name.use as string) | name.use.as(string)", patient.get(), filters), "");
    EXPECT_EQ(evaluate("(multipleBirth as integer) = 2", patient.get(), filters), "Boolean:true");
  }
  for (const char* text : {"(name as HumanName).given", "name.as(HumanName).family"})
    EXPECT_NE(evaluate(text, patient.get()).find("as needs one item, found several; use ofType()"), std::string::npos);
}

TEST(Language, ResolvesContainedResourcesAndTypesOfReferencesOnly) {
  const auto patient = resource(kPatient);
  const Sentence rows[] = {
      {"managingOrganization.resolve().name", "string:\"Acme\""},
      {"generalPractitioner.resolve().id", "id:\"org\""},
      {"generalPractitioner[0].resolve() is Practitioner", "Boolean:true"},
      {"generalPractitioner[0].resolve() is Patient", "Boolean:false"},
      {"generalPractitioner[1].resolve() is Organization", "Boolean:true"},
      {"generalPractitioner.where(resolve() is Organization).count()", "Integer:2"},
  };
  check(rows, patient.get());
}

TEST(Language, ComparesQuantitiesOfResourcesOnlyWithUcumCodes) {
  const auto observation = resource(
      R"({"resourceType":"Observation","valueQuantity":{"value":185,"system":"http://unitsofmeasure.org","code":"[lb_av]"},
    "component":[{"valueQuantity":{"value":185,"unit":"lbs"}}]})");
  const Sentence rows[] = {
      {"value = 185 '[lb_av]' and value > 80 'kg' and value.value = 185.0", "Boolean:true"},
      {"component.value = 185 '[lb_av]'", ""},
      {"component.value > 1 'kg'", ""},
      {"value != 185 'kg'", "Boolean:true"},
      {"value ~ 185.00 '[lb_av]'", "Boolean:true"},
  };
  check(rows, observation.get());
}

TEST(Language, EquivalenceOfCodesLooksAtSystemAndCode) {
  const auto observation = resource(
      R"({"resourceType":"Observation","code":{"coding":[{"system":"s","code":"a","display":"A"},{"system":"s","code":"b"}]},
    "bodySite":{"coding":[{"system":"s","code":"b","display":"other"}],"text":"x"},"method":{"coding":[{"system":"s","code":"c"}]}})");
  const Sentence rows[] = {
      {"code ~ bodySite", "Boolean:true"},
      {"code ~ method", "Boolean:false"},
      {"code = bodySite", "Boolean:false"},
      {"code.coding[1] ~ bodySite.coding", "Boolean:true"},
  };
  check(rows, observation.get());
}

}  // namespace
}  // namespace embergate::fhirpath::test
