import { concatBytes } from '@tallystick/kernel';
import { type EcdsaFault, recoverEcdsa } from '../crypto/ecdsa.js';
import { verifyEd25519 } from '../crypto/ed25519.js';
import type { Verify } from '../crypto/signature-cache.js';
import { verifySr25519 } from '../crypto/sr25519.js';
import type { HostContext, HostFunctions } from './host-context.js';

const ECDSA_FAULTS: Readonly<Record<EcdsaFault, number>> = { badRS: 0, badV: 1, badSignature: 2 };

/**
 * Signature checks (sp-io `crypto`). The host holds no keys for the runtime: generating and signing, reached only when a
 * validator makes session keys, are refused with a trap.
 */
export function cryptoFunctions(host: HostContext): HostFunctions {
  const { memory } = host;
  const checker =
    (scheme: string, verify: Verify) =>
    (signature: number, message: bigint, key: number): number =>
      Number(
        host.signatures.verify(scheme, verify, {
          signature: memory.view(signature, 64).slice(),
          message: memory.span(message).slice(),
          publicKey: memory.view(key, 32).slice(),
        }),
      );
  return {
    ext_crypto_ed25519_verify_version_1: checker('ed25519', verifyEd25519),
    ext_crypto_sr25519_verify_version_2: checker('sr25519', verifySr25519),
    ext_crypto_secp256k1_ecdsa_recover_compressed_version_2: (signature: number, digest: number) =>
      memory.putSpan(
        encodeRecovery(
          recoverEcdsa(memory.view(signature, 65).slice(), memory.view(digest, 32).slice()),
        ),
      ),
    ext_crypto_ed25519_generate_version_1: refuse('generate a key'),
    ext_crypto_sr25519_generate_version_1: refuse('generate a key'),
    ext_crypto_ed25519_sign_version_1: refuse('sign'),
    ext_crypto_sr25519_sign_version_1: refuse('sign'),
  };
}

/** SCALE `Result<[u8; 33], EcdsaVerifyError>`. */
function encodeRecovery(result: Uint8Array | EcdsaFault): Uint8Array {
  if (typeof result === 'string') return Uint8Array.of(1, ECDSA_FAULTS[result]);
  return concatBytes(Uint8Array.of(0), result);
}

function refuse(what: string): () => never {
  return () => {
    throw new RangeError(`the runtime asked the host to ${what}; this host holds no keys for it`);
  };
}
