// Runs the cases of an export by Dawn, the WebGPU implementation of Chromium: npm install webgpu, then node node.mjs EXPORT.json
import { readFileSync } from 'node:fs';
import { create, globals } from 'webgpu';
import { judge, openDevice, prepare } from './run.mjs';

Object.assign(globalThis, globals);
const gpu = create([]); // held as long as its devices
const exported = JSON.parse(readFileSync(process.argv[2]));
const run = prepare(await openDevice(gpu, exported), exported);
for (const test of exported.cases) judge(exported, test, await run(test.inputs));
console.log(`${exported.op}: ${exported.cases.length} cases within their bounds`);
process.exit(0);
