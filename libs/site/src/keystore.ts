import { createHmac } from 'node:crypto';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fromHex, type Hash, type RunId, type Signer, TallyError, utf8 } from '@tallystick/kernel';
import { loadKey, loadOrCreateKey, type NodeSigner, sha256 } from '@tallystick/kernel/node';

/** The two keys of a site. They never leave its folder. */
export interface SiteKeys {
  /** Hot: signs receipts, declines and hellos, nothing else. */
  readonly node: NodeSigner;
  /** Cold: owns the node's money and consent. */
  readonly owner: NodeSigner;
}

const NODE_KEY = 'node.key';
const OWNER_KEY = 'owner.key';
const SALT_DOMAIN = 'tally/salt/v1';

/** Reads the keys in `folder`, or makes those that are not there (PKCS#8, mode 0600). */
export async function loadOrCreateKeys(folder: string): Promise<SiteKeys> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return {
      node: await loadOrCreateKey(join(folder, NODE_KEY)),
      owner: await loadOrCreateKey(join(folder, OWNER_KEY)),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('CONFIG_FOLDER_UNWRITABLE', { folder, reason }, error);
  }
}

/** The node key of a site that has joined; the owner key is not needed to train. */
export function loadNodeKey(folder: string): Promise<NodeSigner> {
  return load(join(folder, NODE_KEY));
}

/** The owner key: it signs consents, key rotations and claims. */
export function loadOwnerKey(folder: string): Promise<NodeSigner> {
  return load(join(folder, OWNER_KEY));
}

async function load(path: string): Promise<NodeSigner> {
  try {
    return await loadKey(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('DATA_FILE_UNREADABLE', { file: path, reason }, error);
  }
}

/** Key files that others than their owner may read; always empty where files have no modes. */
export async function exposedKeys(folder: string): Promise<readonly string[]> {
  if (process.platform === 'win32') return [];
  const paths = [join(folder, NODE_KEY), join(folder, OWNER_KEY)];
  const exposed = await Promise.all(
    paths.map(async (path) => {
      const found = await stat(path).catch(() => undefined);
      return found !== undefined && (found.mode & 0o077) !== 0;
    }),
  );
  return paths.filter((_, i) => exposed[i] === true);
}

/**
 * The secret behind the salts of receipts: the hash of a signature under a domain that no record uses. Ed25519 is
 * deterministic (RFC 8032 §5.1.6), so the key alone gives it again and nothing more has to be kept.
 */
export function saltSecret(signer: Signer): Uint8Array {
  const domain = new Uint8Array(16);
  domain.set(utf8(SALT_DOMAIN));
  return fromHex(sha256(fromHex(signer.sign(domain))));
}

/** `salt` of a receipt: HMAC-SHA256(secret, chain ‖ run ‖ round)[0..16] as hex (protocol.md §4). */
export function receiptSalt(
  secret: Uint8Array,
  at: { readonly chain: Hash; readonly run: RunId; readonly round: number },
): string {
  const message = Buffer.alloc(40);
  message.set(fromHex(at.chain));
  message.writeUInt32LE(at.run, 32);
  message.writeUInt32LE(at.round, 36);
  return createHmac('sha256', secret).update(message).digest('hex').slice(0, 32);
}
