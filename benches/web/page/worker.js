// Check and bench beside the page, which stays alive meanwhile. Messages in: open, check, bench, stop, hidden. Messages out: what the
// page shows.
import load, { Device } from './wasm/page.js';

let device;
let stopped = false;
let hidden = false;
let hidings = 0;
// Ends what the run waits for, if it waits.
let wake = () => {};

const watch = {
  stopped: () => stopped,
  begins: (what, done, of) => postMessage({ begins: what, done, of }),
  checked: (group, worst) => postMessage({ group: JSON.parse(group), worst }),
  measured: (report) => postMessage({ report: JSON.parse(report) }),
  hidings: () => hidings,
  visible: async () => hidden && new Promise((resolve) => { wake = resolve; }),
  rest: (seconds) => {
    postMessage({ rests: seconds });
    return new Promise((resolve) => {
      wake = resolve;
      setTimeout(resolve, 1000 * seconds);
    });
  },
};

const does = {
  async open() {
    if (!navigator.gpu) throw new Error('This browser has no WebGPU. Recent versions of Chrome, Edge, Safari and Firefox have it on most systems.');
    const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) throw new Error('This browser has WebGPU, and no adapter for it on this device.');
    await load();
    const { vendor, architecture, device: model, description } = adapter.info;
    const name = description || [vendor, architecture, model].filter(Boolean).join(' ') || 'an adapter without a name';
    device = await Device.open(name, browser(), system(), navigator.hardwareConcurrency || 0);
    const { limits, features } = adapter;
    postMessage({
      facts: JSON.parse(device.facts()),
      system: system(),
      cores: navigator.hardwareConcurrency,
      timestamps: features.has('timestamp-query'),
      limits: { buffer: limits.maxBufferSize, binding: limits.maxStorageBufferBindingSize, workgroup: limits.maxComputeInvocationsPerWorkgroup },
      timed: Device.operations(),
      checked: Device.checked_operations(),
    });
  },
  async check({ quick }) {
    postMessage({ json: await device.check(quick, watch) });
  },
  async bench({ operations, seconds, command }) {
    await device.bench(operations, seconds, command, new Date().toISOString().replace(/\.\d+Z/, 'Z'), watch);
  },
};

// The browser and its version.
function browser() {
  const brands = navigator.userAgentData?.brands?.filter(({ brand }) => !/not.?a.?brand/i.test(brand)) ?? [];
  const known = brands.find(({ brand }) => brand !== 'Chromium') ?? brands[0];
  if (known) return `${known.brand} ${known.version}`;
  const found = navigator.userAgent.match(/(Firefox|Edg|Chrome|Version)\/(\d+)/);
  return found ? `${found[1].replace('Version', 'Safari')} ${found[2]}` : 'an unknown browser';
}

// The system, as far as the browser tells it.
function system() {
  const { platform, mobile } = navigator.userAgentData ?? {};
  if (platform) return mobile ? `${platform}, mobile` : platform;
  const [, told] = navigator.userAgent.match(/\((?:X11; )?([^)]*?)(?:; rv:[^)]*)?\)/) ?? [];
  return told ?? 'an unknown system';
}

onmessage = async ({ data: { to, ...given } }) => {
  if (to === 'stop') {
    stopped = true;
    wake();
  } else if (to === 'hidden') {
    hidden = given.hidden;
    hidings += hidden;
    if (!hidden) wake();
  } else {
    stopped = false;
    try {
      await does[to](given);
      postMessage({ ended: to, stopped });
    } catch (error) {
      postMessage({ failed: to, reason: error?.message ?? String(error) });
    }
  }
};
