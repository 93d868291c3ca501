import { asRunId } from '@tallystick/kernel';
import { InMemoryJournal } from './in-memory-journal.js';
import { journalContract } from './testing/journal.contract.js';

journalContract('InMemoryJournal', () => {
  const journal = new InMemoryJournal();
  return Promise.resolve({
    journal,
    reopen: () => journal,
    voided: (...spans) => journal.voided(asRunId(3), spans),
  });
});
