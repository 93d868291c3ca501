import type { RunView } from '@tallystick/protocol';
import { type ReactNode, useState } from 'react';
import { request, send } from '../../api/client.js';
import { Confirm } from '../../parts/confirm.js';

interface Props {
  readonly view: RunView;
  readonly mayControl: boolean;
  readonly onDone: () => void;
  readonly onSaid: (text: string) => void;
}

/** What can be done with a run as it stands. */
export function RunActions({ view, mayControl, onDone, onSaid }: Props): ReactNode {
  const [asks, setAsks] = useState<'stop' | 'pause'>();
  const isOver = view.endedAtMs !== null;
  const post = (what: 'stop' | 'pause' | 'resume'): void => {
    send('POST', `runs/${view.run}/${what}`).then(
      () => onDone(),
      (error: unknown) => onSaid(error instanceof Error ? error.message : String(error)),
    );
  };
  return (
    <div className="actions">
      <button type="button" className="plain" onClick={() => void download(view, onSaid)}>
        Get model
      </button>
      {mayControl && !isOver && view.status === 'paused' ? (
        <button type="button" className="plain" onClick={() => post('resume')}>
          Go on
        </button>
      ) : null}
      {mayControl && !isOver && view.status === 'running' ? (
        <button type="button" className="plain" onClick={() => setAsks('pause')}>
          Pause after this round
        </button>
      ) : null}
      {mayControl && !isOver ? (
        <button type="button" className="plain danger" onClick={() => setAsks('stop')}>
          Stop
        </button>
      ) : null}
      {asks === undefined ? null : (
        <Confirm
          title={asks === 'stop' ? `Stop ${view.name}?` : `Pause ${view.name}?`}
          act={asks === 'stop' ? 'Stop the run' : 'Pause the run'}
          onAct={() => post(asks)}
          onClose={() => setAsks(undefined)}
        >
          <p>
            {asks === 'stop'
              ? `The open round is given up, and the run ends after ${view.closedRounds} of ${view.rounds} rounds. That cannot be taken back; the models so far stay.`
              : `The open round is finished; no other is opened until somebody presses “Go on”. ${view.closedRounds} of ${view.rounds} rounds are closed.`}
          </p>
        </Confirm>
      )}
    </div>
  );
}

/** Downloads the model after the last closed round; its name holds its SHA-256. */
async function download(view: RunView, onSaid: (text: string) => void): Promise<void> {
  const response = await request(`models/${view.model}`, {});
  if (!response.ok) return onSaid(`the model could not be read (${response.status})`);
  const address = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = address;
  link.download = `${view.name}-${view.model.slice(0, 12)}.safetensors`;
  link.click();
  URL.revokeObjectURL(address);
  onSaid(`model ${view.model.slice(0, 12)}… is downloaded`);
}
