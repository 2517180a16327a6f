// Compiles every program of a file with Dawn at the limits of WebGPU, and ends with 1 if it rejects one, or accepts one that is
// wrong on purpose. A program is a line of JSON without its text, the lines of its text, and a line with a form feed.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);

const gpu = create(['backend=null']);
const device = async (requiredFeatures) => (await gpu.requestAdapter()).requestDevice({ requiredFeatures });
const [plain, withSubgroups] = [await device([]), await device(['subgroups'])];

// The first reason for which Dawn rejects a program, if there is one.
async function rejection({ entryPoint, subgroups, bindings }, code) {
  const of = subgroups ? withSubgroups : plain;
  of.pushErrorScope('validation');
  const module = of.createShaderModule({ code });
  const { messages } = await module.getCompilationInfo();
  if (await of.popErrorScope()) {
    const { lineNum, message } = messages.find(({ type }) => type === 'error');
    return `${message} in line ${lineNum}: ${code.split('\n')[lineNum - 1]}`;
  }
  of.pushErrorScope('validation');
  const entries = bindings.map(([binding, isUniform, isWritten]) => ({
    binding,
    visibility: GPUShaderStage.COMPUTE,
    buffer: {
      type: isUniform ? 'uniform' : isWritten ? 'storage' : 'read-only-storage',
      hasDynamicOffset: binding === 0,
    },
  }));
  const layout = of.createPipelineLayout({ bindGroupLayouts: [of.createBindGroupLayout({ entries })] });
  of.createComputePipeline({ layout, compute: { module, entryPoint } });
  return (await of.popErrorScope())?.message;
}

// One program after the other, as all of them are more than a string holds.
async function* programs(path) {
  let lines = [];
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (line === '\f') {
      yield [JSON.parse(lines[0]), lines.slice(1).join('\n')];
      lines = [];
    } else {
      lines.push(line);
    }
  }
}

let [judged, rejected, right] = [0, 0, undefined];
for await (const [head, text] of programs(process.argv[2])) {
  judged += 1;
  const reason = await rejection(head, text);
  if (reason) {
    rejected += 1;
    console.error(`rejected: ${head.program}\n  ${reason}`);
  } else if (!head.subgroups) {
    right ??= [head, text];
  }
}

// Dawn has to see what is wrong with these.
const [head, text] = right ?? [{}, ''];
const wrong = {
  'a workgroup that is too large': [/const WORKGROUP: u32 = \d+u/, 'const WORKGROUP: u32 = 512u'],
  'a barrier that some lanes do not reach': [
    'let place = locate(invocation);',
    'let place = locate(invocation);\n    if place.lane == 0u { workgroupBarrier(); }',
  ],
  'an unknown name': ['locate(invocation)', 'lacate(invocation)'],
};
let unseen = 0;
for (const [name, [from, to]] of Object.entries(wrong)) {
  const edited = text.replace(from, to);
  if (edited === text || !(await rejection(head, edited))) {
    unseen += 1;
    console.error(`accepted: ${name}`);
  }
}

console.log(`${judged} programs, ${rejected} rejected; of ${Object.keys(wrong).length} wrong ones, ${unseen} accepted`);
process.exit(rejected + unseen > 0 ? 1 : 0);
