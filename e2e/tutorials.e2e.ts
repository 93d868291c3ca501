/**
 * The tutorials and the README do what they say: every `sh` block is run in order in a folder that looks like a fresh clone,
 * and the `text` block behind it is what it must say. The long ones belong to the full tier.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './harness/stage.js';
import { useStage } from './harness/use-stage.js';
import { play } from './tutorials/play.js';
import { blocksOf, stepsOf } from './tutorials/steps.js';

const isFull = process.env['TALLY_E2E_FULL'] === '1';
const TIMEOUT_MS = 300_000;
const FOLDER = join(ROOT, 'docs/tutorials');
const pages = readdirSync(FOLDER).filter((file) => file.endsWith('.md'));
const read = (file: string): string => readFileSync(join(FOLDER, file), 'utf8');
const answer = (commands: string, output: string): string =>
  `# T\n\n\`\`\`sh\n${commands}\n\`\`\`\n\n\`\`\`text\n${output}\n\`\`\`\n`;

describe('tutorials', () => {
  const stage = useStage();

  it('have commands, and say what to expect of them', () => {
    expect(pages.length).toBeGreaterThan(0);
    for (const page of pages) {
      const steps = stepsOf(read(page));
      expect(steps.filter(({ output }) => output.length > 0).length, page).toBeGreaterThan(1);
    }
  });

  it('leave no command of ours outside the blocks that are run', () => {
    for (const page of pages) {
      const others = blocksOf(read(page)).filter(({ info }) => !/^(sh|text)( |$)/.test(info));
      const texts = others.map(({ text }) => text).join('\n');
      expect(texts, page).not.toMatch(/^(npx --no-install )?tally /m);
    }
  });

  it('are run: a command that fails, or says something else, is found', async () => {
    const faults = (name: string, page: string): Promise<readonly string[]> =>
      play(stage(), name, page);
    expect(await faults('right', answer('printf "a 1\\nb 2\\n"', 'a …\nb 2'))).toEqual([]);
    expect(await faults('order', answer('printf "a 1\\nb 2\\n"', 'b 2\na 1'))).toHaveLength(1);
    expect(await faults('fails', answer('echo a; false', 'a'))).toHaveLength(1);
    const stays = '```sh stays\nsleep 600\n```\n<!-- Ctrl-C -->\n';
    expect(await faults('stays', stays + answer('echo gone', 'gone'))).toEqual([]);
    const refused = '```sh fails\nfalse\n```\n```sh fails\ntrue\n```\n';
    expect(await faults('refused', refused)).toHaveLength(1);
  });

  it.each(isFull ? pages : [])(
    '%s does what it says',
    async (page) => {
      expect(await play(stage(), page.replace('.md', ''), read(page))).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
