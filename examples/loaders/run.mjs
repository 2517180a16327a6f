// Runs exported kernels on a device of WebGPU, in a browser or in Node.js (see node.mjs), and compares cases with their results.

export async function openDevice(gpu, { required_features, required_limits }) {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  return adapter.requestDevice({ requiredFeatures: required_features, requiredLimits: required_limits });
}

// Compiles the kernels and binds buffers. Returns a function that runs them, from inputs to the words of every buffer.
export function prepare(device, { buffers: described, dispatches, required_features }) {
  const { STORAGE, UNIFORM, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const make = (size) => device.createBuffer({ size, usage: STORAGE | UNIFORM | COPY_SRC | COPY_DST });
  const fill = (buffer, words) => (device.queue.writeBuffer(buffer, 0, new Uint32Array(words)), buffer);
  const buffers = described.map(({ bytes }) => make(bytes));
  const enabled = required_features.includes('subgroups') ? 'enable subgroups;\n' : ''; // native wgpu does without
  const compile = ({ label, wgsl, entry_point, constants, bindings }) => {
    const kind = ({ binding, type }) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } });
    const layout = device.createBindGroupLayout({ entries: bindings.map(kind) });
    const module = device.createShaderModule({ label, code: enabled + wgsl });
    const compute = { module, entryPoint: entry_point, constants };
    const whole = device.createPipelineLayout({ bindGroupLayouts: [layout] });
    return { layout, pipeline: device.createComputePipeline({ layout: whole, compute }) };
  };
  const compiled = new Map(dispatches.map((dispatch) => [dispatch.wgsl, dispatch])); // one text may have many dispatches
  compiled.forEach((dispatch, wgsl) => compiled.set(wgsl, compile(dispatch)));
  const bound = dispatches.map(({ wgsl, bindings, params, workgroups }) => {
    const uniform = fill(make(4 * params.length), params);
    const { layout, pipeline } = compiled.get(wgsl);
    const entry = ({ binding, buffer, offset, size }) => ({ binding, resource: { buffer: buffers[buffer] ?? uniform, offset, size } });
    return { pipeline, group: device.createBindGroup({ layout, entries: bindings.map(entry) }), workgroups };
  });
  return async (inputs) => {
    for (const { buffer, words } of inputs) fill(buffers[buffer], words);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const { pipeline, group, workgroups } of bound) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...workgroups);
    }
    pass.end();
    const copies = buffers.map(({ size }) => device.createBuffer({ size, usage: MAP_READ | COPY_DST }));
    copies.forEach((copy, n) => encoder.copyBufferToBuffer(buffers[n], 0, copy, 0, copy.size));
    device.queue.submit([encoder.finish()]);
    await Promise.all(copies.map((copy) => copy.mapAsync(GPUMapMode.READ)));
    return copies.map((copy) => new Uint32Array(copy.getMappedRange().slice(0)));
  };
}

const magnitude = (e, m) => (e === 31 ? (m ? NaN : Infinity) : e ? 2 ** (e - 25) * (1024 + m) : 2 ** -24 * m);
const decode = {
  f32: (words) => new Float32Array(words.buffer),
  bf16: (words) => new Float32Array(Uint32Array.from(new Uint16Array(words.buffer), (bits) => bits << 16).buffer),
  f16: (words) => Array.from(new Uint16Array(words.buffer), (h) => (h >> 15 ? -1 : 1) * magnitude((h >> 10) & 31, h & 1023)),
};

// Throws where a value is further from the expected one than is allowed.
export function judge({ buffers }, { name, expected }, found) {
  const number = (value) => Number(String(value).replace('inf', 'Infinity'));
  for (const { buffer, values, tolerances, name: output } of expected) {
    const got = decode[buffers[buffer].dtype](found[buffer]);
    const right = (x, n) => Object.is(x, got[n]) || x === got[n] || Math.abs(x - got[n]) <= number(tolerances[n]);
    const wrong = values.findIndex((value, n) => !right(number(value), n));
    if (wrong >= 0) throw new Error(`${name}, ${output}[${wrong}]: ${got[wrong]}, not ${values[wrong]}`);
  }
}
