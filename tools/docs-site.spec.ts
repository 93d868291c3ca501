import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { repository, ROOT, writeSite } from './docs-site.mjs';
import { collect } from './site/collect.mjs';
import { render } from './site/render.mjs';

/** A repository of these files. */
function treeOf(files: Readonly<Record<string, string>>): Parameters<typeof collect>[0] {
  return {
    read: (path) => files[path] ?? '',
    kind(path) {
      if (path in files) return 'file';
      return Object.keys(files).some((file) => file.startsWith(`${path}/`)) ? 'folder' : 'none';
    },
  };
}

const faultsOf = (text: string): readonly string[] =>
  collect(treeOf({ 'README.md': `# A\n\n${text}`, 'b/README.md': '# B\n\n## Two words' })).faults;

describe('collect', () => {
  it('follows links to pages, folders and places', () => {
    expect(faultsOf('[b](b/README.md#two-words) [b](b/) [a](#a) [x](https://example.org)')).toEqual(
      [],
    );
  });

  it('names dead links and missing places', () => {
    expect(faultsOf('[c](c.md)')).toEqual(['README.md: dead link c.md']);
    expect(faultsOf('![c](c.png)')).toEqual(['README.md: dead link c.png']);
    expect(faultsOf('[b](b/README.md#three)')).toEqual([
      'README.md: no such place b/README.md#three',
    ]);
    expect(faultsOf('[a](#b)')).toEqual(['README.md: no such place #b']);
  });
});

describe('render', () => {
  const page = render(
    '# A `b`\n\n## Same\n\n## Same\n\n| code | is |\n| --- | --- |\n| `NET_BUSY` | x |\n\n<script>1</script>',
    (target) => target,
  );

  it('names headings as GitHub does, and rows by their code', () => {
    expect([...page.anchors]).toEqual(['a-b', 'same', 'same-1', 'NET_BUSY']);
    expect(page.html).toContain('<tr id="NET_BUSY">');
  });

  it('lets no HTML through', () => {
    expect(page.html).not.toContain('<script');
  });
});

describe('the site', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tally-docs-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const pages = writeSite(folder);
  const html = new Map(pages.map((page) => [page, readFileSync(join(folder, page), 'utf8')]));

  it('has every page of docs/, each within reach of the first', () => {
    const below = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' });
    const written = below.filter((file) => file.endsWith('.md')).map((file) => `docs/${file}`);
    const { pages: reached, faults } = collect(repository);
    expect(faults).toEqual([]);
    expect(written.filter((file) => !reached.has(file))).toEqual([]);
  });

  it('has no reference that leads out of its folder or to nothing', () => {
    for (const [page, text] of html) {
      const targets = [...text.matchAll(/ (?:href|src)="([^"#]+)/g)].map(
        ([, target = '']) => target,
      );
      const lost = targets
        .filter((target) => !/^(https?|data):/.test(target))
        .filter((target) => !existsSync(join(folder, normalize(join(dirname(page), target)))));
      expect(lost, page).toEqual([]);
    }
  });

  it('loads nothing from elsewhere, and runs nothing but the search', () => {
    for (const [page, text] of html) {
      expect(text, page).not.toMatch(/<(?:script|img|link)[^>]+(?:src|href)="https?:/);
      expect(text.match(/<script/g), page).toHaveLength(2);
      expect(text, page).not.toMatch(/<script>| on[a-z]+="/);
    }
    expect(readFileSync(join(folder, 'site.css'), 'utf8')).not.toContain('url(');
  });

  it('has a place for every error, setting and field', () => {
    const errors = html.get('docs/errors.html') ?? '';
    const codes = [...repository.read('docs/errors.md').matchAll(/^\| `([A-Z]+_\w+)`/gm)];
    expect(codes.length).toBeGreaterThan(50);
    for (const [, code] of codes) expect(errors).toContain(`<tr id="${code}">`);
    expect(html.get('docs/run-yaml.html')).toContain('id="numeric.codec"');
    expect(html.get('docs/config.html')).toContain('id="TALLY_HOST"');
  });
});
