// Keeps the page, so that it loads without a network. The build writes the version: other files, another cache.
const CACHE = 'wgpu-softmax-@VERSION@';
const FILES = ['./', 'index.html', 'page.css', 'page.js', 'results.js', 'worker.js', 'icon.svg', 'wasm/page.js', 'wasm/page_bg.wasm'];

addEventListener('install', (event) => {
  const fresh = FILES.map((file) => new Request(file, { cache: 'reload' }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(fresh)).then(() => skipWaiting()));
});

addEventListener('activate', (event) => {
  const older = async () => (await caches.keys()).filter((name) => name.startsWith('wgpu-softmax-') && name !== CACHE);
  event.waitUntil(older().then((names) => Promise.all(names.map((name) => caches.delete(name)))).then(() => clients.claim()));
});

addEventListener('fetch', (event) => {
  if (event.request.method !== 'GET') return;
  const kept = caches.open(CACHE).then((cache) => cache.match(event.request, { ignoreSearch: true }));
  event.respondWith(kept.then((found) => found ?? fetch(event.request)));
});
