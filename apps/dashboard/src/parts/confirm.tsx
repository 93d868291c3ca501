import { type ReactNode, useEffect, useRef } from 'react';

interface Props {
  readonly title: string;
  readonly act: string;
  readonly children: ReactNode;
  readonly onAct: () => void;
  readonly onClose: () => void;
}

/** Asks once more, with the facts. Escape and the focus are the browser's. */
export function Confirm({ title, act, children, onAct, onClose }: Props): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="confirm-title" onClose={onClose}>
      <h2 id="confirm-title">{title}</h2>
      {children}
      <div className="actions">
        <button type="button" className="plain" onClick={() => dialog.current?.close()}>
          Not now
        </button>
        <button
          type="button"
          onClick={() => {
            dialog.current?.close();
            onAct();
          }}
        >
          {act}
        </button>
      </div>
    </dialog>
  );
}
