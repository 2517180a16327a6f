// The page: it begins runs in the worker, and shows what the worker tells.
import { addGroup, benchRows, checkRows, element, leftOut, markdown, pack, summary, unpack } from './results.js';

const of = (id) => document.getElementById(id);

// What is shown: facts of the device, lines of a check, the report of a bench.
const shown = { facts: undefined, lines: [], report: undefined };
let checkJson;
let operations;
let awake;
let worker;

const say = (words) => { of('said').textContent = words; };

function fact(name, words) {
  return element('div', {}, element('dt', {}, name), element('dd', {}, words));
}

function showFacts({ name, driver, device_type: type, system, cores, limits, timestamps }) {
  const mebibytes = (bytes) => `${Math.floor(bytes / 2 ** 20).toLocaleString('en')} MiB`;
  const rows = [
    fact('adapter', type === 'cpu' ? `${name} (software)` : name),
    fact('browser', driver),
    fact('system', cores ? `${system}, ${cores} cores` : system),
  ];
  if (limits) {
    rows.push(fact('buffers', `up to ${mebibytes(limits.buffer)}, ${mebibytes(limits.binding)} bound`));
    rows.push(fact('workgroup', `up to ${limits.workgroup} invocations`));
    rows.push(fact('clock', timestamps ? 'timestamps of the device, rounded' : "the page's, rounded"));
  }
  of('facts').replaceChildren(...rows);
}

function showCheck() {
  of('checked').hidden = shown.lines.length === 0;
  of('verdict').textContent = summary(shown.lines);
  of('check-rows').replaceChildren(...checkRows(shown.lines));
  of('failures').textContent = shown.lines.map(({ note }) => note).filter(Boolean).join('\n');
}

function showBench() {
  const adapter = shown.report?.adapters[0];
  of('measured').hidden = !adapter;
  if (!adapter) return;
  const { results, left_out: left } = adapter;
  const clock = results.length ? `, times by ${results[0].clock}` : '';
  of('count').textContent = `${results.length} of ${results.length + left.length}${clock}`;
  of('bench-rows').replaceChildren(...benchRows(adapter));
  of('left-out').hidden = left.length === 0;
  of('left-out').querySelector('ul').replaceChildren(...leftOut(adapter));
}

function showAll() {
  showFacts(shown.facts);
  showCheck();
  showBench();
  of('of-all').hidden = shown.lines.length === 0 && !shown.report;
}

// Results that a link has brought are what somebody else wrote: they are only shown, and as text.
async function showShared(packed) {
  try {
    Object.assign(shown, await unpack(packed));
    showAll();
    of('shared').hidden = false;
    for (const id of ['run', 'save-check', 'save-bench', 'share']) of(id).hidden = true;
  } catch {
    of('facts').replaceChildren(fact('link', 'It does not hold results, or only a part of them.'));
    of('shared').hidden = false;
  }
}

// Keeps the screen on during a run: a page that is hidden is measured wrongly.
async function stayAwake() {
  awake = await navigator.wakeLock?.request('screen').catch(() => undefined);
}

function begin(message, words) {
  for (const id of ['check', 'bench']) of(id).disabled = true;
  of('under-way').hidden = false;
  of('stop').disabled = false;
  of('doing').textContent = 'Preparing';
  of('done').removeAttribute('value');
  say(words);
  stayAwake();
  worker.postMessage(message);
  of('stop').focus();
}

function end(words) {
  const hadFocus = of('under-way').contains(document.activeElement);
  for (const id of ['check', 'bench']) of(id).disabled = false;
  of('under-way').hidden = true;
  if (hadFocus) of('check').focus({ preventScroll: true });
  awake?.release();
  awake = undefined;
  say(words);
  showAll();
}

const told = {
  facts({ facts, timed, checked, ...more }) {
    shown.facts = { ...facts, ...more };
    showFacts(shown.facts);
    operations = checked;
    of('checked-count').textContent = checked.length;
    of('operations').replaceChildren(...timed.map((name) => {
      const box = element('input', { type: 'checkbox', value: name, checked: '' });
      return element('label', {}, box, name);
    }));
  },
  begins({ begins, done, of: all }) {
    of('doing').textContent = `${done} of ${all}: ${begins}`;
    of('done').max = all || 1;
    of('done').value = done;
  },
  group({ group, worst }) {
    addGroup(shown.lines, operations, group, worst);
    showCheck();
  },
  json({ json }) { checkJson = json; },
  report({ report }) {
    shown.report = report;
    showBench();
  },
  rests({ rests }) { of('doing').textContent = `The device is hot, and rests for ${rests} seconds`; },
  ended({ ended, stopped }) {
    if (ended === 'open') return end('');
    const what = ended === 'check' ? summary(shown.lines) : `${shown.report?.adapters[0].results.length ?? 0} operations timed`;
    end(stopped ? `Stopped. ${what}` : `Done. ${what}`);
  },
  failed({ failed, reason }) {
    if (failed === 'open') {
      of('facts').replaceChildren(fact('adapter', 'none'));
      say(reason);
    } else {
      end(`It failed: ${reason}`);
    }
  },
};

function open() {
  worker = new Worker('worker.js', { type: 'module' });
  worker.onmessage = ({ data }) => {
    const kind = Object.keys(told).find((name) => name in data);
    told[kind](data);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    end(`It failed: ${event.message ?? 'the worker did not start'}. Load the page again.`);
    for (const id of ['check', 'bench']) of(id).disabled = true;
  };
  worker.postMessage({ to: 'hidden', hidden: document.hidden });
  worker.postMessage({ to: 'open' });
}

of('check').onclick = () => {
  const quick = document.querySelector('[name=depth]:checked').value === 'quick';
  shown.lines = [];
  of('covered').textContent = quick ? 'This was the quick check: see below what it covers.' : '';
  begin({ to: 'check', quick }, 'The check runs.');
};

of('bench').onclick = () => {
  const operations = [...document.querySelectorAll('#operations :checked')].map(({ value }) => value);
  if (operations.length === 0) return say('Choose an operation at least.');
  const seconds = Number(of('seconds').value);
  shown.report = undefined;
  begin({ to: 'bench', operations, seconds, command: `benches/web, --op ${operations.join(',')} --seconds ${seconds}` }, 'The bench runs.');
};

of('stop').onclick = () => {
  of('stop').disabled = true;
  say('It stops after what is under way.');
  worker.postMessage({ to: 'stop' });
};

document.onvisibilitychange = () => {
  worker?.postMessage({ to: 'hidden', hidden: document.hidden });
  if (!document.hidden && !of('under-way').hidden) stayAwake();
};

function save(text, name) {
  const url = URL.createObjectURL(new Blob([`${text}\n`], { type: 'application/json' }));
  element('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

of('save-check').onclick = () => save(checkJson, 'check.json');
of('save-bench').onclick = () => save(JSON.stringify(shown.report, null, 2), 'bench.json');

async function copy(text, words) {
  try {
    await navigator.clipboard.writeText(text);
    say(words);
  } catch {
    say('The browser does not let this page copy.');
  }
}

of('copy').onclick = () => copy(markdown(shown), 'Copied as Markdown.');

of('share').onclick = async () => {
  // Rates of tilings would make the link twice as long.
  const { report } = shown;
  const adapters = report?.adapters.map((adapter) => ({ ...adapter, sweeps: [] }));
  const packed = await pack({ ...shown, report: report && { ...report, adapters } });
  await copy(`${location.href.split('#')[0]}#r=${packed}`, 'The link is copied. It holds the results itself.');
};

onhashchange = () => location.reload();

const packed = location.hash.match(/^#r=(.+)$/)?.[1];
if (packed) {
  showShared(packed);
} else {
  open();
}
navigator.serviceWorker?.register('offline.js').catch(() => {});
