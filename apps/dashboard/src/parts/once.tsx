import { type ReactNode, useState } from 'react';

/** A secret that was made now and is shown nowhere again. */
export function Once({
  what,
  secret,
}: {
  readonly what: string;
  readonly secret: string;
}): ReactNode {
  const [said, setSaid] = useState('Copy');
  const copy = (): void => {
    navigator.clipboard.writeText(secret).then(
      () => setSaid('Copied'),
      () => setSaid('Copy it by hand'),
    );
  };
  return (
    <div role="status" className="once">
      <p>{what}, shown once: copy it now. Only its hash is kept.</p>
      <p>
        <code>{secret}</code>{' '}
        <button type="button" className="plain" onClick={copy}>
          {said}
        </button>
      </p>
    </div>
  );
}
