import { MemoryBlobStore } from '@tallystick/blobs';
import { sha256 } from '@tallystick/kernel/node';
import { describe } from 'vitest';
import { InProcessFolderFactory } from './in-process-folder-factory.js';
import { folderContract } from './testing/folder.contract.js';

describe('InProcessFolderFactory', () => {
  folderContract(async () => {
    const blobs = new MemoryBlobStore();
    return { blobs, factory: new InProcessFolderFactory({ blobs, sha256 }) };
  });
});
