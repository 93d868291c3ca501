import { asAccountId, type NodeId } from '@tallystick/kernel';
import { generateKey, type NodeSigner } from '@tallystick/kernel/node';
import { NodeView, PreparedOwnerCall } from '@tallystick/protocol';
import { POP, signRecord } from '@tallystick/record';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningCoordinator, testHome, type TestHome } from '../testing/test-deployment.js';
import { TestNode } from '../testing/test-node.js';
import { startTestPostgres, type TestPostgres } from '../testing/test-postgres.js';

/** A node whose owner key the test holds. */
class OwnedNode extends TestNode {
  /** What the owner sends to have `call` done. */
  async change(
    coordinator: RunningCoordinator,
    owner: NodeSigner,
    call: object,
  ): Promise<{ status: number; body: unknown }> {
    const asked = { owner: asAccountId(owner.key), call };
    const post = (path: string, body: unknown): Promise<Response> =>
      coordinator.api.ask(
        `nodes/${this.node}/${path}`,
        {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        },
        '',
      );
    const prepared = await post('calls/prepare', asked);
    if (!prepared.ok) return { status: prepared.status, body: await prepared.json() };
    const { context } = PreparedOwnerCall.parse(await prepared.json());
    const signature = owner.sign(new Uint8Array(1)); // the ledger in memory asks for none
    const done = await post('calls', { ...asked, context, signature });
    return { status: done.status, body: await done.json() };
  }
}

describe('changes of nodes', () => {
  let postgres: TestPostgres;
  let home: TestHome;
  let coordinator: RunningCoordinator;
  let chain: Awaited<ReturnType<TestHome['ledger']['genesis']>>;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await testHome(await postgres.database());
    coordinator = await home.start();
    chain = await home.ledger.genesis();
  }, 60_000);
  afterAll(async () => {
    await coordinator.stop();
    await home.remove();
    await postgres.stop();
  });

  async function joined(name: string): Promise<OwnedNode> {
    const node = new OwnedNode(coordinator.api);
    await node.join(name);
    await node.connect();
    return node;
  }

  function rotation(next: NodeSigner, owner: NodeSigner): object {
    const pop = { chain, owner: asAccountId(owner.key), key: next.key };
    return { kind: 'rotateKey', key: next.key, proof: signRecord(POP, pop, next).wire };
  }

  const closeOf = (node: TestNode): Promise<string> =>
    new Promise((resolve) => node.socket.once('close', (_code, reason) => resolve(String(reason))));
  const revoke = (node: NodeId, token?: string): Promise<Response> =>
    coordinator.api.ask(
      `nodes/${node}/revoke`,
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' },
      ...(token === undefined ? [] : [token]),
    );

  it('gives a node another key for its owner, twice with the same outcome', async () => {
    const node = await joined('north');
    const [owner, next] = [node.owner, generateKey()];
    const first = await node.change(coordinator, owner, rotation(next, owner));
    expect(first.status).toBe(200);
    expect(NodeView.parse(first.body)).toMatchObject({ key: next.key, keyEpoch: 1 });
    const again = await node.change(coordinator, owner, rotation(next, owner));
    expect(NodeView.parse(again.body)).toMatchObject({ key: next.key, keyEpoch: 1 });
    expect(node.closed).toBeUndefined(); // the running node goes over to it by itself
  });

  it('does nothing for anybody else, nor with a proof of another key or chain', async () => {
    const node = await joined('south');
    const [owner, stranger, next] = [node.owner, generateKey(), generateKey()];
    const code = (body: unknown): unknown => ({ error: expect.objectContaining({ code: body }) });
    const foreign = await node.change(coordinator, stranger, rotation(next, stranger));
    expect(foreign).toEqual({ status: 403, body: code('AUTH_DENIED') });
    const claimed = { ...rotation(next, owner), key: stranger.key };
    expect((await node.change(coordinator, owner, claimed)).body).toEqual(
      code('AUTH_PROOF_INVALID'),
    );
    expect((await node.change(coordinator, stranger, { kind: 'revoke' })).status).toBe(403);
    const nobody = await coordinator.api.ask('nodes/999/calls/prepare', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ owner: owner.key, call: { kind: 'revoke' } }),
    });
    expect(await nobody.json()).toEqual(code('USAGE_UNKNOWN_NODE'));
  });

  it('ends session and token of a node that the operator revokes, and lets it in no more', async () => {
    const node = await joined('east');
    const { token } = node;
    expect((await coordinator.api.ask('models/'.concat('0'.repeat(64)), {}, token)).status).toBe(
      404,
    );
    const closing = closeOf(node);
    const answer = await revoke(node.node);
    expect(answer.status).toBe(200);
    expect(NodeView.parse(await answer.json()).status).toBe('revoked');
    expect(await closing).toBe('AUTH_NODE_REVOKED');
    expect((await coordinator.api.ask('models/'.concat('0'.repeat(64)), {}, token)).status).toBe(
      401,
    );
    void node.connect();
    expect(await node.next('error')).toMatchObject({ code: 'AUTH_NODE_REVOKED' });
    expect((await revoke(node.node)).status).toBe(200); // twice is once
  });

  it('lets nobody revoke who may not', async () => {
    const node = await joined('west');
    expect((await revoke(node.node, '')).status).toBe(401);
    expect((await revoke(node.node, node.token)).status).toBe(403);
    expect(node.closed).toBeUndefined();
  });

  it('takes a node out for its owner', async () => {
    const node = await joined('mid');
    const closing = closeOf(node);
    const { status } = await node.change(coordinator, node.owner, { kind: 'revoke' });
    expect(status).toBe(200);
    expect(await closing).toBe('AUTH_NODE_REVOKED');
  });
});
