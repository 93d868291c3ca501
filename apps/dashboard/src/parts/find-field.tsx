import type { ReactNode } from 'react';

/** What a list is narrowed by; `hint` says what is looked at. */
export function FindField({
  value,
  onChange,
  hint,
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint: string;
}): ReactNode {
  return (
    <label className="find">
      Find{' '}
      <input
        type="search"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        placeholder={hint}
      />
    </label>
  );
}
