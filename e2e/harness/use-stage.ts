import { afterAll, afterEach, beforeAll } from 'vitest';
import { Stage } from './stage.js';

/**
 * A stage for the tests of one `describe`: opened and furnished before them, closed after them whatever happened. Its
 * logs are printed for every test that fails.
 */
export function useStage(furnish: (stage: Stage) => Promise<void> = async () => {}): () => Stage {
  let stage: Stage | undefined;
  const opened = (): Stage => {
    if (stage === undefined) throw new Error('no stage before the tests begin');
    return stage;
  };
  beforeAll(async () => {
    stage = await Stage.open();
    try {
      await furnish(stage);
    } catch (error) {
      process.stderr.write(await stage.logs());
      throw error;
    }
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') process.stderr.write(await opened().logs());
  });
  afterAll(() => stage?.close());
  return opened;
}
