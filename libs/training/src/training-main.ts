import { InlineTrainer } from './inline-trainer.js';
import { type Answer, faultOf, isQuestion, type Question } from './messages.js';

/**
 * Entry of the training process, forked by ProcessTrainer. One question at a time over the IPC channel; it ends when
 * the channel does, so a parent that was killed leaves no orphan behind.
 */
const trainer = new InlineTrainer();

function say(answer: Answer): void {
  process.send?.(answer);
}

async function answer(question: Question): Promise<Answer> {
  try {
    if (question.kind === 'evaluate') {
      const result = await trainer.evaluate(question);
      return { kind: 'evaluated', result, rssBytes: process.memoryUsage.rss() };
    }
    if (question.kind === 'gradient') {
      const result = await trainer.gradient(question);
      return { kind: 'differentiated', result, rssBytes: process.memoryUsage.rss() };
    }
    process.title = `tally-training round ${question.round ?? '-'}`;
    const result = await trainer.train(question);
    return { kind: 'trained', result, rssBytes: process.memoryUsage.rss() };
  } catch (error) {
    return { kind: 'failed', fault: faultOf(error) };
  }
}

process.title = 'tally-training';
process.on('disconnect', () => process.exit(0));
process.on('message', (message) => {
  if (isQuestion(message)) void answer(message).then(say);
});
// An interrupt at the terminal goes to the whole process group; the parent decides when training ends.
process.on('SIGINT', () => undefined);

try {
  await trainer.start();
  say({ kind: 'ready' });
} catch (error) {
  say({ kind: 'failed', fault: faultOf(error) });
}
