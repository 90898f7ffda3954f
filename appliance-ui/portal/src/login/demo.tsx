/** The invented people of a development box, one click each. Absent on every other box: it serves no list. */
import { Button } from '@mantine/core';
import { SessionError } from '@relaybox/lib/session/api';
import { useEffect, useRef, useState } from 'react';
import { useWords } from '../kit/lang.tsx';
import { Panel } from '../kit/panel.tsx';
import { loginWords } from '../words/login.ts';
import { useClinic } from './clinic.ts';
import { Failure } from './failure.tsx';
import { useOpening } from './open.ts';
import { type DemoPerson, demoPeople, ways } from './ways.ts';

export function Demo() {
  const w = useWords(loginWords);
  const { here } = useClinic();
  const { busy, failed, open } = useOpening();
  const [people, setPeople] = useState<readonly DemoPerson[]>([]);
  useEffect(() => {
    let wanted = true;
    void demoPeople().then((found) => wanted && setPeople(found));
    return () => {
      wanted = false;
    };
  }, []);
  const enter = (person: DemoPerson) => {
    if (!here) return;
    open(async () => {
      const { SecretKey, toNsec } = await import('@relaybox/lib/protocol/keys');
      const key = SecretKey.fromHex(person.secret);
      if (!key) throw new SessionError('invalid', 'a demo person without a key');
      return (await ways()).withText(toNsec(key), here);
    });
  };
  // The start page of the box leads here with the public key of the person to be.
  const entered = useRef(false);
  useEffect(() => {
    const wanted = new URLSearchParams(location.hash.slice(1)).get('dev');
    const person = people.find((one) => one.key === wanted);
    if (!person || !here || entered.current) return;
    entered.current = true;
    history.replaceState(history.state, '', location.pathname);
    enter(person);
  });
  if (people.length === 0) return null;
  return (
    <Panel title={w.demo} flush>
      <p className="small ink2 panelsay">{w.demoSub}</p>
      <Failure failed={failed} way="key" />
      <ul className="lines people">
        {people.map((person) => (
          <li key={person.key} className="li">
            <span className="grow">
              <span className="ti block">{person.name}</span>
              <span className="small ink2">{w.demoRole(person.role, person.children)}</span>
            </span>
            <Button
              variant="default"
              disabled={busy || !here}
              aria-label={`${w.open}: ${person.name}`}
              onClick={() => enter(person)}
            >
              {w.open}
            </Button>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
