// Results as rows of the page, as Markdown, and as the part of a link after its #.

// Makes an element: attributes, then what it contains.
export function element(name, attributes = {}, ...content) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...content);
  return made;
}

const TYPES = ['f32', 'f16', 'bf16'];

// A number of a report, in which those that JSON lacks are names.
const number = (value) => (typeof value === 'string' ? Number(value.replace('inf', 'Infinity')) : value ?? NaN);

const shape = ({ rows, cols, inner = 1 }) => (inner === 1 ? `${rows}x${cols}` : `${rows / inner}x${cols}x${inner}`);

const share = (value) => number(value).toFixed(2);

// A bar of a part of 1, with a band over a range of it.
function bar(words, part, [from, to] = []) {
  const within = (value) => Math.min(Math.max(number(value), 0), 1) || 0;
  const fill = element('i');
  fill.style.setProperty('--part', within(part));
  const made = element('div', { class: 'bar', role: 'img', 'aria-label': words }, fill);
  if (Number.isFinite(number(from))) {
    const band = element('b');
    band.style.setProperty('--from', within(from));
    band.style.setProperty('--to', within(to));
    made.append(band);
  }
  return made;
}

function row(name, more, value, drawn, isBad = false) {
  const label = element('div', {}, name, element('span', { class: 'more' }, ` ${more}`));
  return element('div', { class: isBad ? 'row bad' : 'row' }, label, element('div', { class: 'value' }, value), drawn);
}

// Adds a group of a check to the line of its operation and storage type; lines are in the order of the operations.
export function addGroup(lines, operations, { op, dtype, variant, inputs, worst_bound: worst, passed }, note) {
  let line = lines.find((other) => other.op === op && other.dtype === dtype);
  if (!line) {
    line = { op, dtype, groups: 0, failed: 0, worst: 0 };
    const place = (of) => TYPES.length * operations.indexOf(of.op) + TYPES.indexOf(of.dtype);
    lines.push(line);
    lines.sort((one, other) => place(one) - place(other));
  }
  line.groups += 1;
  line.worst = Math.max(line.worst, number(worst));
  if (!passed) {
    line.failed += 1;
    line.note ??= `${op} ${dtype} ${variant} ${inputs}: ${note}`;
  }
}

const verdict = ({ failed, worst }) => (failed ? `${failed} FAILED` : share(worst));

// A row for each operation, with a bar for each storage type.
export function checkRows(lines) {
  const operations = [...new Set(lines.map(({ op }) => op))];
  return operations.map((op) => {
    const of = lines.filter((line) => line.op === op);
    const [groups, failed] = sums(of);
    const bars = of.map((line) => {
      const said = line.failed ? `${line.failed} of ${line.groups} groups failed` : `${share(line.worst)} of the bound`;
      const drawn = bar(`${line.dtype}: ${said}`, line.failed ? 1 : line.worst);
      drawn.classList.toggle('bad', line.failed > 0);
      return drawn;
    });
    const value = failed ? `${failed} FAILED` : of.map(({ worst }) => share(worst)).join(', ');
    return row(op, `${groups} groups`, value, element('div', { class: 'bars' }, ...bars), failed > 0);
  });
}

// Groups, and those that failed.
function sums(lines) {
  return ['groups', 'failed'].map((of) => lines.reduce((sum, line) => sum + line[of], 0));
}

// The sum of a check in words.
export function summary(lines) {
  const [groups, failed] = sums(lines);
  return `${groups} groups: ${groups - failed} ok, ${failed} FAILED`;
}

// Results by shape, in the order of the report.
function byShape(results) {
  const groups = new Map();
  for (const result of results) {
    const title = `${shape(result)}, ${result.dtype}`;
    groups.set(title, [...(groups.get(title) ?? []), result]);
  }
  return [...groups];
}

export function benchRows({ results }) {
  return byShape(results).flatMap(([title, timed]) => [
    element('h3', {}, title),
    ...timed.map((result) => {
      const range = [result.fraction_lower, result.fraction_upper];
      const words = `${share(result.fraction)} of a ${result.ceiling}, quartiles ${share(range[0])} and ${share(range[1])}`;
      return row(result.op, `of a ${result.ceiling}`, `${share(result.fraction)}, ${number(result.gb_per_s).toPrecision(3)} GB/s`, bar(words, result.fraction, range));
    }),
  ]);
}

// What was not timed, and why: those of one reason together.
export function leftOut({ left_out: list }) {
  const reasons = new Map();
  for (const one of list) reasons.set(one.reason, [...(reasons.get(one.reason) ?? []), `${one.op} of ${shape(one)}`]);
  return [...reasons].map(([reason, subjects]) => element('li', {}, `${reason}: ${subjects.join(', ')}`));
}

// Everything as Markdown.
export function markdown({ facts, lines, report }) {
  const text = [`**${facts.name}** (${facts.backend}, ${facts.driver}, ${facts.system})`, ''];
  if (lines.length) {
    text.push(`Check: ${summary(lines)}`, '', '| operation | type | groups | worst share of the bound |', '| --- | --- | ---: | ---: |');
    text.push(...lines.map((line) => `| ${line.op} | ${line.dtype} | ${line.groups} | ${verdict(line)} |`), '');
  }
  if (report) {
    text.push(`Bench, ${report.date}, version ${report.version}: fractions of a copy (or read) of the same bytes`, '');
    text.push('| operation | shape | fraction | quartiles | GB/s |', '| --- | --- | ---: | ---: | ---: |');
    const { results } = report.adapters[0];
    text.push(...results.map((one) => {
      const quartiles = `${share(one.fraction_lower)} to ${share(one.fraction_upper)}`;
      return `| ${one.op} | ${shape(one)} | ${share(one.fraction)} | ${quartiles} | ${number(one.gb_per_s).toPrecision(3)} |`;
    }), '');
  }
  return text.join('\n');
}

const through = (bytes, stream) => new Response(new Blob([bytes]).stream().pipeThrough(stream));

// Packs results into letters that a link may have.
export async function pack(results) {
  const bytes = new Uint8Array(await through(JSON.stringify(results), new CompressionStream('deflate-raw')).arrayBuffer());
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

export async function unpack(packed) {
  const text = atob(packed.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  return through(bytes, new DecompressionStream('deflate-raw')).json();
}
