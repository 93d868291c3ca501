import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { request } from 'node:http';
import { ed25519, saveKey, sha256 } from '@tallystick/kernel/node';
import { MemoryLogger, SeededEntropy, VirtualClock } from '@tallystick/kernel/testing';
import { FakeTrainer, nodeSigner, SiteBench } from '@tallystick/site/testing';
import { ClientNode } from '../client-node.js';
import { SitePage } from '../page/site-page.js';

const NODE_YAML = `
name: budapest
organisation: Budapest
coordinator: http://127.0.0.1:9
datasets: { heart: heart.csv }
policy: { purposes: [DUO:0000007], minCohort: 3 }
`;

/** An answer of the page, read whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A joined site whose node serves its page, without a coordinator; time stands still. */
export class TestSite {
  readonly bench: SiteBench;
  readonly node: ClientNode;
  readonly page: SitePage;
  readonly logger: MemoryLogger;

  private constructor(parts: {
    bench: SiteBench;
    node: ClientNode;
    page: SitePage;
    logger: MemoryLogger;
  }) {
    this.bench = parts.bench;
    this.node = parts.node;
    this.page = parts.page;
    this.logger = parts.logger;
  }

  /** @param yaml is added to node.yaml. @param prepare the folder, before the node starts. */
  static async start(
    yaml = '',
    prepare: (folder: string) => Promise<void> = async () => {},
  ): Promise<TestSite> {
    const bench = await SiteBench.start();
    await bench.log.close(); // the node takes the folder over
    const { folder } = bench;
    await saveKey(join(folder, 'node.key'), nodeSigner(1));
    await writeFile(join(folder, 'heart.csv'), 'num,age,sex,set\n1,61,0,train\n');
    await writeFile(join(folder, 'node.yaml'), NODE_YAML + yaml);
    await prepare(folder);
    const logger = new MemoryLogger();
    const node = await ClientNode.open(folder, {
      ...{
        trainer: new FakeTrainer(),
        sha256,
        ed25519,
        logger,
        proxy: () => undefined,
        software: 'test/1',
      },
      ...{ clock: new VirtualClock(), entropy: new SeededEntropy() },
      onWelcome: () => undefined,
    });
    try {
      return new TestSite({ bench, node, page: await SitePage.open(node.parts), logger });
    } catch (error) {
      await node.close();
      await bench.remove();
      throw error;
    }
  }

  get folder(): string {
    return this.bench.folder;
  }

  /** As a program asks that may say what it likes. */
  ask(path: string, { method = 'GET', headers = {}, body }: Ask = {}): Promise<Answer> {
    const { hostname, port } = new URL(this.page.url);
    return new Promise((resolve, reject) => {
      const asked = request({ hostname, port, path, method, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (piece: string) => (text += piece));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
      });
      asked.on('error', reject);
      asked.end(body);
    });
  }

  /** As the page itself asks. */
  call(
    path: string,
    { body, session }: { body?: unknown; session?: string } = {},
  ): Promise<Answer> {
    return this.ask(`/api/v1/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        'content-type': 'application/json',
        'sec-fetch-site': 'same-origin',
        ...(session !== undefined && { authorization: `Bearer ${session}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }

  /** A window of its own, opened by a link. */
  async signIn(secret = ticketOf(this.page.link())): Promise<string> {
    const { text } = await this.call('auth/link', { body: { ticket: secret } });
    return JSON.parse(text).session;
  }

  async close(): Promise<void> {
    await this.page.close();
    await this.node.close();
    await this.bench.remove();
  }
}

export function ticketOf(link: string): string {
  return new URLSearchParams(new URL(link).hash.slice(1)).get('ticket') ?? '';
}
