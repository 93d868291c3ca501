import { cryptoFunctions } from './crypto.js';
import { hashingFunctions } from './hashing.js';
import type { HostContext, HostFunctions } from './host-context.js';
import { miscellaneousFunctions } from './miscellaneous.js';
import { storageFunctions } from './storage.js';
import { trieFunctions } from './trie.js';

export type { HostContext } from './host-context.js';

/** The 32 functions a runtime may import from `env`, beside its memory. Whatever asks for another is not run at all. */
export function hostFunctions(host: HostContext): HostFunctions {
  return {
    ...storageFunctions(host),
    ...trieFunctions(host),
    ...hashingFunctions(host),
    ...cryptoFunctions(host),
    ...miscellaneousFunctions(host),
  };
}

/** Names a runtime may import from `env`. */
export const ALLOWED_IMPORTS: ReadonlySet<string> = new Set([
  'memory',
  'ext_storage_set_version_1',
  'ext_storage_get_version_1',
  'ext_storage_read_version_1',
  'ext_storage_clear_version_1',
  'ext_storage_exists_version_1',
  'ext_storage_append_version_1',
  'ext_storage_next_key_version_1',
  'ext_storage_clear_prefix_version_2',
  'ext_storage_root_version_2',
  'ext_storage_start_transaction_version_1',
  'ext_storage_commit_transaction_version_1',
  'ext_storage_rollback_transaction_version_1',
  'ext_trie_blake2_256_ordered_root_version_2',
  'ext_hashing_blake2_128_version_1',
  'ext_hashing_blake2_256_version_1',
  'ext_hashing_keccak_256_version_1',
  'ext_hashing_twox_64_version_1',
  'ext_hashing_twox_128_version_1',
  'ext_crypto_ed25519_verify_version_1',
  'ext_crypto_sr25519_verify_version_2',
  'ext_crypto_secp256k1_ecdsa_recover_compressed_version_2',
  'ext_crypto_ed25519_generate_version_1',
  'ext_crypto_sr25519_generate_version_1',
  'ext_crypto_ed25519_sign_version_1',
  'ext_crypto_sr25519_sign_version_1',
  'ext_allocator_malloc_version_1',
  'ext_allocator_free_version_1',
  'ext_logging_max_level_version_1',
  'ext_logging_log_version_1',
  'ext_misc_print_utf8_version_1',
  'ext_misc_print_hex_version_1',
  'ext_misc_runtime_version_version_1',
]);
