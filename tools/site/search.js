// @ts-check
/** Finds pages, headings, errors, settings and fields by their words; without it everything can be read all the same. */
const MOST = 20;
/** @type {readonly (readonly [page: string, path: string, places: readonly (readonly [words: string, anchor: string])[]])[]} */
const INDEX = Reflect.get(globalThis, 'SEARCH_INDEX') ?? [];
const root = document.documentElement.dataset['root'] ?? '.';
const box = document.createElement('input');
const results = document.createElement('ul');
const count = document.createElement('p');

/** @param {string} text @returns {{ text: string, href: string }[]} places that hold every word of `text` */
function find(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const places = INDEX.flatMap(([page, path, inside]) => [
    { text: page, href: path },
    ...inside.map(([place, anchor]) => ({
      text: `${place} – ${page}`,
      href: `${path}#${encodeURIComponent(anchor)}`,
    })),
  ]);
  return places.filter((place) => words.every((word) => place.text.toLowerCase().includes(word)));
}

function show() {
  const found = find(box.value);
  results.replaceChildren(
    ...found.slice(0, MOST).map(({ text, href }) => {
      const link = document.createElement('a');
      link.href = `${root}/${href}`;
      link.textContent = text;
      const item = document.createElement('li');
      item.append(link);
      return item;
    }),
  );
  count.textContent = box.value.trim() === '' ? '' : `${found.length} found`;
}

box.type = 'search';
box.placeholder = 'Search';
box.setAttribute('aria-label', 'Search headings, errors and settings');
box.addEventListener('input', show);
count.setAttribute('role', 'status');
document.getElementById('search')?.append(box, count, results);
