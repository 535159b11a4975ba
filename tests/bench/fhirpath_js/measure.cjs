// SPDX-License-Identifier: Apache-2.0
// Measures fhirpath.js as embergate_fhirpath_bench measures our engine: same criteria, same inputs, best of several turns, warm, over parsed
// resources. Usage: node measure.cjs DATA MODULES FILE; FILE gets the figures as JSON, times in nanoseconds.
'use strict';
const fs = require('fs');
const path = require('path');
const zlib = require('zlib');
const { createRequire } = require('module');

const [data, modules, output] = process.argv.slice(2);
const load = createRequire(path.join(path.resolve(modules), 'package.json'));
const fhirpath = load('fhirpath');
const model = load('fhirpath/fhir-context/r4');

const TURNS = 3;
const REPEATS = 2;
const URLS = { sct: 'http://snomed.info/sct', loinc: 'http://loinc.org' };
let used = 0; // keeps results alive

const unpacked = name => zlib.gunzipSync(fs.readFileSync(path.join(data, name))).toString('utf8');

function knownChanges() {
  return unpacked('events/events.ndjson.gz').split('\n').filter(Boolean).map(JSON.parse)
    .map(change => ({ type: change.resource, interaction: change.interaction, previous: change.previous, current: change.current }));
}

function syntheaResources() {
  return fs.readdirSync(path.join(data, 'synthea')).filter(name => name.endsWith('.json.gz'))
    .flatMap(name => JSON.parse(unpacked(`synthea/${name}`)).entry)
    .map(({ resource }) => ({ type: resource.resourceType, interaction: '', previous: null, current: resource }));
}

function bestTime(repeats, work) {
  let best = Infinity;
  for (let turn = 0; turn < TURNS; ++turn) {
    const begin = process.hrtime.bigint();
    for (let i = 0; i < repeats; ++i) work();
    best = Math.min(best, Number(process.hrtime.bigint() - begin) / repeats);
  }
  return best;
}

function summary(times) {
  const sorted = Float64Array.from(times).sort();
  const at = part => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted[sorted.length - 1], sum: sorted.reduce((a, b) => a + b, 0) };
}

const compiled = criterion => fhirpath.compile(criterion.criteria, model);

// What a topic makes of a result; errors send nothing.
function fires(expression, resource, variables) {
  try {
    const result = expression(resource, variables);
    return result.length === 1 && result[0] !== false;
  } catch {
    return false;
  }
}

function evaluationTimes(criteria, changes) {
  const all = [];
  const byCriterion = {};
  for (const criterion of criteria) {
    const expression = compiled(criterion);
    const times = [];
    let matches = 0;
    for (const change of changes) {
      if (change.type !== criterion.resource || (change.interaction && !criterion.interaction.includes(change.interaction))) continue;
      const resource = change.current || change.previous;
      const variables = { ...URLS, resource, current: change.current || [], previous: change.previous || [] };
      if (fires(expression, resource, variables)) ++matches;
      times.push(bestTime(REPEATS, () => { used += fires(expression, resource, variables); }));
    }
    if (times.length === 0) continue;
    all.push(...times);
    byCriterion[criterion.id] = { ...summary(times), matches };
  }
  return { all: summary(all), criteria: byCriterion };
}

const criteria = JSON.parse(fs.readFileSync(path.join(data, 'fhirpath/triggers.json'), 'utf8'));
const figures = { version: load('fhirpath/package.json').version, node: process.version };
criteria.forEach(compiled); // warms the parser
figures.compile = summary(criteria.map(criterion => bestTime(REPEATS, () => { used += compiled(criterion).length; })));
figures.events = evaluationTimes(criteria, knownChanges());
figures.synthea = evaluationTimes(criteria, syntheaResources());
fs.writeFileSync(output, JSON.stringify(figures, null, 1) + '\n');
