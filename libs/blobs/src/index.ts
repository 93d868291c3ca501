/**
 * blobs: content-addressed files behind the port BlobStore of rounds.
 *
 * `FsBlobStore` keeps models, updates and optimizer states as files named by their SHA-256; `MemoryBlobStore` keeps
 * them in memory for simulations and tests. One contract suite (`testing/`) holds both.
 *
 * `UnixfsCid` names a file as IPFS does.
 *
 * Invariants: a blob is visible only whole and durable; bytes handed out by `get` hash to the id asked for.
 * It refuses to overwrite a blob with other bytes, to delete (retention is the coordinator's decision), and to know
 * what a blob means.
 */
export { type ByteRange, FsBlobStore } from './fs-blob-store.js';
export { bytesOf, type OpenFile, openFile, readFully, withFile } from './open-file.js';
export { MemoryBlobStore } from './memory-blob-store.js';
export { CID_CHUNK_BYTES, cidOfLeaf, UnixfsCid } from './unixfs-cid.js';
