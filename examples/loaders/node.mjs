// Runs the cases of an export by Dawn, the WebGPU implementation of Chromium: npm install webgpu, then node node.mjs EXPORT.json
import { readFileSync } from 'node:fs';
import { create, globals } from 'webgpu';
import { judge, openDevice, run } from './run.mjs';

Object.assign(globalThis, globals);
const gpu = create([]); // held as long as its devices
const exported = JSON.parse(readFileSync(process.argv[2]));
const device = await openDevice(gpu, exported);
for (const test of exported.cases) judge(exported, test, await run(device, exported, test.inputs));
console.log(`${exported.op}: ${exported.cases.length} cases within their bounds`);
process.exit(0);
