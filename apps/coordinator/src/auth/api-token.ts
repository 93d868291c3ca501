import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { TallyError } from '@tallystick/kernel';
import { durableWrite } from '@tallystick/kernel/node';

/** The operator's token: everything the API can do. Held as its hash, so that a comparison takes constant time. */
export class ApiToken {
  readonly #hash: Buffer;

  constructor(token: string) {
    this.#hash = digest(token);
  }

  /** Reads the token file, or makes one of 32 random bytes with mode 0600 at the first start. */
  static async load(path: string): Promise<ApiToken> {
    let token: string | undefined;
    try {
      token = (await readFile(path, 'utf8')).trim();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
    if (token === undefined) {
      token = randomBytes(32).toString('base64url');
      await durableWrite(path, `${token}\n`, 0o600);
    }
    if (token.length < 32) {
      const faults = `  ${path}: holds ${token.length} characters, a token has at least 32`;
      throw new TallyError('CONFIG_INVALID', { faults });
    }
    return new ApiToken(token);
  }

  matches(token: string): boolean {
    return timingSafeEqual(digest(token), this.#hash);
  }
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
