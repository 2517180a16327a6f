// Runs every export of a folder by examples/loaders/run.mjs in Dawn, and compares the words with those of the crate. Without a
// folder, only finds out whether Dawn takes the adapter.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { create, globals } from 'webgpu';
import { judge, openDevice, prepare } from './run.mjs';

Object.assign(globalThis, globals);
const gpu = create(['backend=vulkan']);
const adapter = await gpu.requestAdapter();
if (!adapter) {
  console.error('Dawn takes no adapter here: set VK_DRIVER_FILES to a driver that it takes, such as that of SwiftShader');
  process.exit(1);
}

const folder = process.argv[2];
if (!folder) process.exit(0);
const read = (name) => JSON.parse(readFileSync(join(folder, name)));
const files = readdirSync(folder).filter((name) => name.endsWith('.json')).sort();
const devices = new Map();
const [leftOut, wrong] = [[], []];
let equal = 0;
for (const name of files) {
  const exported = read(name);
  const needs = JSON.stringify([exported.required_features, exported.required_limits]);
  try {
    if (!devices.has(needs)) devices.set(needs, await openDevice(gpu, exported));
  } catch (error) {
    leftOut.push(`${name}: ${error.message}`);
    continue;
  }
  const results = [];
  const run = prepare(devices.get(needs), exported);
  for (const test of exported.cases) {
    const found = await run(test.inputs);
    judge(exported, test, found);
    const outputs = exported.buffers.map(({ role, name }, n) => [role, name, Array.from(found[n])]);
    results.push(Object.fromEntries(outputs.filter(([role]) => /output|inout/.test(role)).map(([, ...of]) => of)));
  }
  const expected = read(name.replace(/json$/, 'results'));
  const words = (of) => JSON.stringify(of.map((outputs) => Object.entries(outputs).sort()));
  if (words(results) === words(expected)) equal += 1;
  else wrong.push(name);
}
console.log(`Dawn on ${adapter.info.device}: ${equal} exports with the same bits, ${leftOut.length} that it cannot run`);
console.log(leftOut.slice(0, 3).join('\n'));
if (wrong.length) console.error(`other bits in ${wrong.length}: ${wrong.slice(0, 10).join(', ')}`);
process.exit(wrong.length || !equal ? 1 : 0);
