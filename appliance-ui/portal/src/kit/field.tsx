/**
 * Text field: label above, help below, an error replaces the help. A field that asks for no key refuses one: the
 * text is taken out before anything else sees it.
 */
import { TextInput } from '@mantine/core';
import { findSecret } from '@relaybox/lib/login/guard';
import { useState } from 'react';

export interface FieldProps {
  readonly label: string;
  readonly help?: string;
  readonly error?: string | null;
  readonly value: string;
  readonly onText: (text: string) => void;
  /** Said when a secret key was put in; null where a key is asked for. */
  readonly refusal: string | null;
  readonly type?: 'text' | 'password';
  readonly autoComplete?: 'off' | 'new-password' | 'current-password';
}

export function Field({ label, help, error, value, onText, refusal, type, autoComplete }: FieldProps) {
  const [refused, setRefused] = useState(false);
  const take = (text: string) => {
    const secret = refusal !== null && findSecret(text) !== null;
    setRefused(secret);
    onText(secret ? '' : text);
  };
  const wrong = refused ? refusal : error;
  return (
    <TextInput
      label={label}
      size="md"
      type={type ?? 'text'}
      autoComplete={autoComplete ?? 'off'}
      autoCapitalize="off"
      autoCorrect="off"
      spellCheck={false}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      {...(wrong ? { error: wrong } : { description: help })}
      value={value}
      onChange={(event) => take(event.currentTarget.value)}
    />
  );
}
