/** A choice of a few: chosen is a soft ground, a line and heavier letters, never filled; filled always means a deed. */
import { useId } from 'react';

export interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly options: readonly (readonly [value: T, word: string])[];
  readonly value: T;
  readonly onChange: (value: T) => void;
}

export function Choice<T extends string>({ label, options, value, onChange }: ChoiceProps<T>) {
  const id = useId();
  return (
    <div className="stack xs">
      <p className="b small" id={id}>
        {label}
      </p>
      <fieldset className="seg" aria-labelledby={id}>
        {options.map(([option, word]) => (
          <button key={option} type="button" aria-pressed={option === value} onClick={() => onChange(option)}>
            {word}
          </button>
        ))}
      </fieldset>
    </div>
  );
}
