import { MemoryBlobStore } from '@tallystick/blobs';
import { sha256 } from '@tallystick/kernel/node';
import { describe } from 'vitest';
import { InProcessFolderFactory } from './in-process-folder-factory.js';
import { folderContract, type FolderSetup } from './testing/folder.contract.js';
import { robustFoldContract } from './testing/robust-fold.contract.js';

describe('InProcessFolderFactory', () => {
  const setup = async (): Promise<FolderSetup> => {
    const blobs = new MemoryBlobStore();
    return { blobs, factory: new InProcessFolderFactory({ blobs, sha256 }) };
  };
  folderContract(setup);
  robustFoldContract(setup);
});
