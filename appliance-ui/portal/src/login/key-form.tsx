/** A key by paste or camera: nsec as it is, ncryptsec with its password. The text leaves the page at once. */
import { Button } from '@mantine/core';
import type { PracticeAddress, Session } from '@relaybox/lib/session/api';
import { type SyntheticEvent, useState } from 'react';
import { Field } from '../kit/field.tsx';
import { useWords } from '../kit/lang.tsx';
import { loginWords } from '../words/login.ts';
import { Failure } from './failure.tsx';
import type { Opening } from './open.ts';
import { Scanner } from './scanner.tsx';
import { ways } from './ways.ts';

export interface KeyFormProps {
  readonly clinic: PracticeAddress;
  readonly opening: Opening;
}

const isLocked = (text: string) => /^\s*ncryptsec1/i.test(text);

export function KeyForm({ clinic, opening }: KeyFormProps) {
  const w = useWords(loginWords);
  const [key, setKey] = useState('');
  const [password, setPassword] = useState('');
  const locked = isLocked(key);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const [text, word] = [key.trim(), password];
    // A wrong password is typed again; the key itself need not be found again.
    if (!locked) setKey('');
    setPassword('');
    const way = async (): Promise<Session> => {
      const all = await ways();
      return locked ? all.withPassword(text, word, clinic) : all.withText(text, clinic);
    };
    opening.open(way, '/in/keep');
  };
  return (
    <form className="stack" onSubmit={submit}>
      <Scanner
        onText={(text) => {
          setKey(text);
          opening.clear();
        }}
      />
      <Field label={w.key} help={w.keyHelp} type="password" value={key} onText={setKey} refusal={null} />
      {locked ? (
        <Field
          label={w.password}
          type="password"
          autoComplete="current-password"
          value={password}
          onText={setPassword}
          refusal={null}
        />
      ) : null}
      <Failure failed={opening.failed} way={locked ? 'password' : 'key'} />
      <Button type="submit" size="lg" fullWidth loading={opening.busy} disabled={key.trim() === ''}>
        {w.open}
      </Button>
    </form>
  );
}
