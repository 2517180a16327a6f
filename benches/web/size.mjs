// Prints the size of the module, and ends with 1 if it is more than a phone on a slow line is to load. Argument: the folder of the page.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

// Bytes, compressed as a server would.
const MOST = 250_000;

const module = readFileSync(join(process.argv[2], 'wasm/page_bg.wasm'));
const { length } = brotliCompressSync(module, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
console.log(`The module has ${module.length} bytes, ${length} of them by brotli -q 11.`);
if (length > MOST) {
  console.error(`Expected at most ${MOST} of them. benches/web/README.md tells where they are.`);
  process.exitCode = 1;
}
