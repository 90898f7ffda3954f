/** Which clinic: by the access sheet (camera or pasted text), or the one whose box serves this page. */
import { Button } from '@mantine/core';
import type { AddressFault } from '@relaybox/lib/relay/address';
import { parseAddress } from '@relaybox/lib/relay/address';
import type { PracticeAddress } from '@relaybox/lib/session/api';
import { type SyntheticEvent, useState } from 'react';
import { Field } from '../kit/field.tsx';
import { useWords } from '../kit/lang.tsx';
import { Panel } from '../kit/panel.tsx';
import { loginWords } from '../words/login.ts';
import { BoxState } from './box-state.tsx';
import { Scanner } from './scanner.tsx';

export function useFault(): (fault: AddressFault) => string {
  const w = useWords(loginWords);
  return (fault) =>
    ({ other: w.wrongQr, practice: w.wrongQr, relay: w.badRelay, damaged: w.damagedQr, secret: w.secretIn })[
      fault
    ];
}

/** An address, with the token of an access sheet where one stands in it. */
export type OnAddress = (address: PracticeAddress, token: string | null) => void;

/** The text of an access sheet, scanned or pasted. */
export function AddressForm({ onAddress }: { onAddress: OnAddress }) {
  const w = useWords(loginWords);
  const say = useFault();
  const [text, setText] = useState('');
  const [fault, setFault] = useState<AddressFault | null>(null);
  const take = (input: string) => {
    const parsed = parseAddress(input);
    setFault(parsed.ok ? null : parsed.fault);
    if (parsed.ok) onAddress(parsed.sheet.address, parsed.sheet.token);
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    take(text);
  };
  return (
    <form className="stack" onSubmit={submit}>
      <Scanner onText={take} />
      <Field
        label={w.address}
        help={w.addressHelp}
        error={fault === null ? null : say(fault)}
        value={text}
        onText={setText}
        refusal={w.secretIn}
      />
      <div className="row">
        <Button type="submit" variant="default" disabled={text.trim() === ''}>
          {w.goOn}
        </Button>
      </div>
    </form>
  );
}

export interface ClinicStepProps {
  readonly here: PracticeAddress | null;
  readonly onAddress: OnAddress;
}

export function ClinicStep({ here, onAddress }: ClinicStepProps) {
  const w = useWords(loginWords);
  const [other, setOther] = useState(false);
  const name = here?.name ?? w.unnamed;
  if (here && !other)
    return (
      <Panel title={w.clinicQ}>
        <div className="stack">
          <p className="ink2">{w.clinicHere(name)}</p>
          <Button size="lg" fullWidth onClick={() => onAddress(here, null)}>
            {w.enterClinic(name)}
          </Button>
          <Button variant="default" fullWidth onClick={() => setOther(true)}>
            {w.otherClinic}
          </Button>
        </div>
      </Panel>
    );
  return (
    <>
      {other ? null : <BoxState saved={null} />}
      <Panel title={w.clinicQ}>
        <div className="stack">
          <p className="ink2">{w.clinicSay}</p>
          <AddressForm onAddress={onAddress} />
        </div>
      </Panel>
    </>
  );
}
