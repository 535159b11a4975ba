// SPDX-License-Identifier: Apache-2.0
// Functions of FHIRPath 3.0 and of FHIR, instances, and the names of value sets and extensions.
#include <gtest/gtest.h>

#include "evaluation.hpp"

namespace embergate::fhirpath::test {
namespace {

struct Call {
  const char* text;
  const char* gives;
};

void expect_all(std::initializer_list<Call> rows, const fhir::Resource* on = nullptr) {
  for (const Call& row : rows) EXPECT_EQ(evaluate(row.text, on), row.gives) << row.text;
}

TEST(Functions, TakeDatesAndTimesApart) {
  expect_all({
      {"@2014-03-05T10:30:14.559.yearOf()", "Integer:2014"},
      {"@2014-03-05.monthOf()", "Integer:3"},
      {"@2014.monthOf()", ""},
      {"@2014-03-05.dayOf()", "Integer:5"},
      {"@2014-03-05.hourOf()", ""},
      {"@T10:30.hourOf()", "Integer:10"},
      {"@T10:30.yearOf()", ""},
      {"@T10:30.minuteOf()", "Integer:30"},
      {"@T10:30.secondOf()", ""},
      {"@T10:30:15.secondOf()", "Integer:15"},
      {"@T10:30:15.millisecondOf()", ""},
      {"@T10:30:15.5.millisecondOf()", "Integer:500"},
      {"@2012-01-01T12:30:00.000-07:00.timezoneOffsetOf()", "Decimal:-7.0"},
      {"@2012-01-01T12:30:00+05:45.timezoneOffsetOf()", "Decimal:5.75"},
      {"@2012-01-01T12:30:00.timezoneOffsetOf()", ""},
      {"@2012-01-01T12:30:00.000-07:00.dateOf()", "Date:\"2012-01-01\""},
      {"@2012.dateOf()", "Date:\"2012\""},
      {"@2012-01-01T12:30:00-07:00.timeOf()", "Time:\"12:30:00\""},
      {"@2012-01-01.timeOf()", ""},
      {"{}.yearOf()", ""},
      {"1.yearOf()", "error: line 1, column 3: yearOf() works on a date or time"},
      {"(@2012 | @2013).yearOf()",
       "error: line 1, column 8: expected one item here, found several; use first(), exists() or where()"},
  });
}

TEST(Functions, CountWholePeriods) {
  expect_all({
      {"@2011-01-15.duration(@2012-01-14, 'year')", "Integer:0"},
      {"@2011-01-15.duration(@2012-01-15, 'year')", "Integer:1"},
      {"@2012-01-15.duration(@2011-01-15, 'years')", "Integer:-1"},
      {"@2012-01-31.duration(@2012-02-29, 'month')", "Integer:0"},
      {"@2012-01-01.duration(@2012-01-20, 'week')", "Integer:2"},
      {"@2012-02-28.duration(@2012-03-01, 'day')", "Integer:2"},
      {"@2012-01-01T10:00:00.duration(@2012-01-02T09:59:59, 'day')", "Integer:0"},
      {"@2012-01-01T10:00:00Z.duration(@2012-01-01T10:00:00-02:00, 'hour')", "Integer:2"},
      {"@2012-01-01T10:00:00Z.duration(@2012-01-01T10:00:00, 'hour')", ""},
      {"@T10:00:00.250.duration(@T10:00:01.500, 'millisecond')", "Integer:1250"},
      {"@T23:00.duration(@T22:30, 'hour')", "Integer:0"},
      {"@2012.duration(@2014-06-01, 'year')", ""},
      {"@2012.duration(@2014, 'year')", "Integer:2"},
      {"@2012-01.duration(@2014-06, 'day')", ""},
      {"@2011-01-01.duration(@2012-06-01T10:00:00Z, 'year')", "Integer:1"},
      {"@0001-01-01T00:00:00Z.duration(@9999-12-31T00:00:00Z, 'millisecond')", "Long:315537811200000"},
      {"@2012-01-01.duration(@2012-01-02, 'hour')",
       "error: line 1, column 13: duration() cannot count 'hour' here; use year, month, week, day for dates, hour, "
       "minute, second, millisecond for times, all of them for date and time"},
      {"@2012-01-01.duration(@T10:00, 'day')", "error: line 1, column 13: duration() needs two dates or two times"},
  });
}

TEST(Functions, CountBoundaries) {
  expect_all({
      {"@2025-01-02.difference(@2025-01-07, 'week')", "Integer:1"},
      {"@2025-01-05.difference(@2025-01-11, 'week')", "Integer:0"},
      {"@2025-01-01.difference(@2025-09-01, 'year')", "Integer:0"},
      {"@2024-12-01.difference(@2025-09-01, 'year')", "Integer:1"},
      {"@2025-09-01.difference(@2024-12-01, 'month')", "Integer:-9"},
      {"@1969-12-31T23:59:59Z.difference(@1970-01-01T00:00:00Z, 'day')", "Integer:1"},
      {"@T10:59:59.difference(@T11:00:00, 'hour')", "Integer:1"},
      {"@T10:59.difference(@T11:00, 'second')", ""},
  });
}

TEST(Functions, ReadDatesInAFormat) {
  expect_all({
      {"'150124'.toDate('ddMMyy')", "Date:\"2024-01-15\""},
      {"'15-01-2024'.toDate('dd-MM-yyyy')", "Date:\"2024-01-15\""},
      {"'12-27'.toDate('MM-yy')", "Date:\"2027-12\""},
      {"'5.1.1984'.toDate('d.M.yyyy')", "Date:\"1984-01-05\""},
      {"'Jun 5, 2024'.toDate('MMM d, yyyy')", "Date:\"2024-06-05\""},
      {"'2024-02-30'.toDate('yyyy-MM-dd')", ""},
      {"'15-2024'.toDate('dd-yyyy')", ""},
      {"'2024-01-15'.convertsToDate('dd-MM-yyyy')", "Boolean:false"},
      {"'15.01.2024 14:05'.toDateTime('dd.MM.yyyy HH:mm')", "DateTime:\"2024-01-15T14:05\""},
      {"'01/15/2024 02:05:09.250 PM +0130'.toDateTime('MM/dd/yyyy hh:mm:ss.SSS a Z')",
       "DateTime:\"2024-01-15T14:05:09.250+01:30\""},
      {"'2024-01-15T12:00 am'.toDateTime('yyyy-MM-ddThh:mm a')", "DateTime:\"2024-01-15T00:00\""},
      {"'2024-01-15 13:00 am'.toDateTime('yyyy-MM-dd HH:mm a')", ""},
      {"'15.01.2024 14:05'.toDate('dd.MM.yyyy HH:mm')", "Date:\"2024-01-15\""},
      {"@2024-01-15.toDate('ignored')", "Date:\"2024-01-15\""},
      {"'2024'.toDate({})", ""},
      {"'2024'.toDate('xxxx')",
       "error: line 1, column 8: the format 'xxxx' has a letter that is not known; known are y M d h H m s S a Z"},
  });
}

TEST(Functions, ConvertQuantitiesToAUnit) {
  expect_all({
      {"52 'cm'.toQuantity('m').toString()", "String:\"0.52 'm'\""},
      {"45.toQuantity('m').toString()", "String:\"45 'm'\""},
      {"24 'm'.toQuantity('kg')", ""},
      {"24 'm'.convertsToQuantity('kg')", "Boolean:false"},
      {"1 'a'.toQuantity('d').toString()", "String:\"365.25 'd'\""},
      {"1 'wk'.toQuantity('d').toString()", "String:\"7 'd'\""},
      {"7 days.toQuantity('wk').toString()", "String:\"1 'wk'\""},
      {"182.5 days.toQuantity('a').toString()", "String:\"0.5 'a'\""},
      {"18 months.toQuantity('years').toString()", "String:\"1.5 years\""},
      {"36 'h'.toQuantity('days').toString()", "String:\"1.5 days\""},
      {"true.toQuantity().toString()", "String:\"1.0 '1'\""},
  });
}

TEST(Functions, OnLargeSetsFindWhatIsEqualInAnotherForm) {
  const std::string many = "(1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 16 | 17 | 18 | 19 | 20)";
  for (const char* other : {"50 '%'", "0.5", "0.50", "0.5 '1'", "0.5 '{score}'"})
    EXPECT_EQ(evaluate("(" + many + " | 0.5 '1' | " + other + ").count()"), "Integer:21") << other;
  for (const char* other : {"1 'wk'", "7 days", "168 'h'", "1 week"})
    EXPECT_EQ(evaluate("(" + many + " | 7 'd' | " + other + ").count()"), "Integer:21") << other;
  EXPECT_EQ(
      evaluate("(" + many + " | 37 'Cel' | 98.6 '[degF]' | 1 'U/L' | 1 'mU/mL' | 1 'mmol/L' | 1 'mol/m3').count()"),
      "Integer:23");
  EXPECT_EQ(evaluate("(" + many + " | 1 'beats' | 2 'beats' | 1 'beats' | 12 months | 1 year).count()"), "Integer:23");
}

TEST(Functions, OfFhirLookIntoElements) {
  const auto response = resource(R"({"resourceType":"QuestionnaireResponse","item":[
    {"linkId":"1","modifierExtension":[{"url":"http://m"}],"answer":[{"valueCoding":{"code":"a",
      "extension":[{"url":"http://hl7.org/fhir/StructureDefinition/ordinalValue","valueDecimal":2.50}]}}]},
    {"linkId":"2","answer":[{"valueString":"x"}]}]})");
  expect_all(
      {
          {"item.answer.value.ofType(Coding).weight()", "Decimal:2.50"},
          {"item[0].answer.weight()", "Decimal:2.50"},
          {"item[1].answer.weight()", ""},
          {"item[1].answer.value.pathname()", "String:\"QuestionnaireResponse.item[1].answer[0].valueString\""},
          {"'a'.pathname()", ""},
          {"item.checkModifiers('http://m', 'http://n').count()", "Integer:2"},
          {"item[1].checkModifiers('http://n').count()", "Integer:1"},
          {"item.checkModifiers('http://n')", "error: line 1, column 6: checkModifiers() found http://m"},
      },
      response.get());
}

TEST(Functions, ResolveWithinABundle) {
  const auto bundle = resource(R"({"resourceType":"Bundle","entry":[
    {"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","id":"p","contained":[
      {"resourceType":"Organization","id":"o","name":"Inner"}],"managingOrganization":{"reference":"#o"}}},
    {"fullUrl":"http://x/fhir/Practitioner/d","resource":{"resourceType":"Practitioner","id":"d","gender":"other"}},
    {"resource":{"resourceType":"Observation","subject":{"reference":"urn:uuid:1"},
      "performer":[{"reference":"Practitioner/d/_history/2"},{"reference":"Patient/p"},{"reference":"Patient/none"}],
      "contained":[{"resourceType":"Device","id":"v","owner":{"reference":"#"}}]}}]})");
  expect_all(
      {
          {"entry.resource.ofType(Observation).subject.resolve().id", "id:\"p\""},
          {"entry.resource.ofType(Observation).performer.resolve().gender", "code:\"other\""},
          {"entry.resource.ofType(Observation).performer.resolve().count()", "Integer:2"},
          {"entry.resource.ofType(Patient).managingOrganization.resolve().name", "string:\"Inner\""},
          {"entry.resource.contained.ofType(Device).owner.resolve() is Observation", "Boolean:true"},
      },
      bundle.get());
}

TEST(Functions, ThatNeedATerminologyOrProfilesAreRefusedByName) {
  for (const char* name :
       {"memberOf('x')", "subsumes(code)", "subsumedBy(code)", "elementDefinition()", "slice('u','n')"}) {
    const std::string result = evaluate(std::string("code.") + name);
    EXPECT_NE(result.find(std::string(name).substr(0, std::string(name).find('(')) + "() needs"), std::string::npos)
        << result;
  }
}

TEST(Variables, OfValueSetsAndExtensions) {
  expect_all({
      {"%`vs-administrative-gender`", "String:\"http://hl7.org/fhir/ValueSet/administrative-gender\""},
      {"%vs-administrative-gender", "String:\"http://hl7.org/fhir/ValueSet/administrative-gender\""},
      {"%'ext-patient-birthTime'", "String:\"http://hl7.org/fhir/StructureDefinition/patient-birthTime\""},
      {"%ext-patient-birthTime.length() - 1", "Integer:56"},
      {"%ucum & %sct & %loinc", "String:\"http://unitsofmeasure.orghttp://snomed.info/scthttp://loinc.org\""},
  });
}

TEST(Instances, AreElements) {
  expect_all({
      {"Coding { system: 'http://x', code: 'a' }", "Coding:{\"system\":\"http://x\",\"code\":\"a\"}"},
      {"Coding { system: 'http://x', code: 'a' }.code", "code:\"a\""},
      {"FHIR.Coding { : }", "Coding:{}"},
      {"Identifier { type: CodeableConcept { coding: Coding { code: 'MR' } | Coding { code: 'X' } }, value: '1' }",
       "Identifier:{\"type\":{\"coding\":[{\"code\":\"MR\"},{\"code\":\"X\"}]},\"value\":\"1\"}"},
      {"Observation { status: 'final', value: 1.50 'mg', effective: @2020-01-02 }.value.value", "decimal:1.50"},
      {"Observation { status: 'final' }.type().name", "String:\"Observation\""},
      {"Extension { url: 'u', value: 'text' }.value is string", "Boolean:true"},
      {"Period { start: @2016-12-06, end: {} } = Period { start: @2016-12-06 }", "Boolean:true"},
      {"('a' | 'b').select(Coding { code: $this }).code", "code:\"a\" code:\"b\""},
      {"Quantity { value: 1, unit: 'x', code: 'mg', system: %ucum } = 1 'mg'", "Boolean:true"},
  });
}

TEST(Instances, AreRefusedWhenTheyCannotBe) {
  expect_all({
      {"Coding { cod: 'a' }", "error: line 1, column 10: Coding has no element cod; did you mean code?"},
      {"Codin { code: 'a' }", "error: line 1, column 1: unknown type Codin; did you mean Coding?"},
      {"Coding { code 'a' }",
       "error: line 1, column 15: expected : after the name of an element, found ''a''; an operator may be missing "
       "before it"},
      {"Coding { 1: 'a' }",
       "error: line 1, column 10: expected the name of an element, found '1'; for example Coding { code: 'a' }"},
      {"Coding { code: 'a'",
       "error: line 1, column 19: expected } to close the instance, found the end; something is missing at the end"},
      {"Coding { code: 'a' | 'b' }", "error: line 1, column 10: the element code takes one item"},
      {"Coding { code: 1 }", "error: line 1, column 10: the element code cannot be a Integer"},
      {"DateTime { year: 2012 }",
       "error: line 1, column 1: { } cannot make a DateTime; only types of FHIR can be made"},
  });
}

}  // namespace
}  // namespace embergate::fhirpath::test
