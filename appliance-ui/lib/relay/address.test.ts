import { describe, expect, test } from 'vitest';
import { parseAddress, printAddress, relayUrl } from './address.ts';

const P = 'ab'.repeat(32);
const NEXT = 'cd'.repeat(32);
const TOKEN = 'ef'.repeat(32);
const address = { relay: 'wss://box.example:8443', practice: P, next: NEXT, name: 'Ärzte & Co. + 50 %?=#' };

describe('the link form', () => {
  test('a connection string comes back from its own text, with every character that must be escaped', () => {
    const text = printAddress(address, TOKEN);
    expect(text).not.toContain(' ');
    expect(parseAddress(text)).toEqual({ ok: true, sheet: { address, token: TOKEN } });
    expect(parseAddress(`  ${text}\n`)).toEqual({ ok: true, sheet: { address, token: TOKEN } });
    const bare = { relay: 'wss://box.example', practice: P, next: null, name: null };
    expect(parseAddress(printAddress(bare))).toEqual({ ok: true, sheet: { address: bare, token: null } });
    const here = { ...address, relay: 'ws://127.0.0.1:7777' };
    expect(parseAddress(printAddress(here, TOKEN))).toEqual({
      ok: true,
      sheet: { address: here, token: TOKEN },
    });
  });

  test('a plus in a name of a foreign writer stays a plus', () => {
    const parsed = parseAddress(`nostr+ehr://box.example?pk=${P}&name=A+B%20C`);
    expect(parsed).toMatchObject({ ok: true, sheet: { address: { name: 'A+B C' } } });
  });

  test('unknown parameters, as other systems write them, are passed over', () => {
    const parsed = parseAddress(`NOSTR+EHR://box.example/?pk=${P}&billing=https%3A%2F%2Fb.example&flag`);
    expect(parsed).toMatchObject({ ok: true, sheet: { address: { relay: 'wss://box.example' } } });
  });

  test('what is no access sheet says what it is', () => {
    const fault = (text: string) => {
      const parsed = parseAddress(text);
      return parsed.ok ? 'ok' : parsed.fault;
    };
    expect(fault('https://example.org')).toBe('other');
    expect(fault('lnurl1dp68gurn8ghj7')).toBe('other');
    expect(fault('')).toBe('other');
    expect(fault(`nostr+ehr://?pk=${P}`)).toBe('relay');
    expect(fault(`nostr+ehr://user:pw@box.example?pk=${P}`)).toBe('relay');
    expect(fault('nostr+ehr://box.example')).toBe('practice');
    expect(fault(`nostr+ehr://box.example?pk=${P.toUpperCase()}`)).toBe('practice');
    expect(fault(`nostr+ehr://box.example?pk=${P.slice(2)}`)).toBe('practice');
    expect(fault(`nostr+ehr://box.example?pk=${P}&t=12`)).toBe('damaged');
    expect(fault(`nostr+ehr://box.example?pk=${P}&next=`)).toBe('damaged');
    expect(fault(`nostr+ehr://box.example?pk=${P}&pk=${NEXT}`)).toBe('damaged');
    expect(fault(`nostr+ehr://box.example?pk=${P}&name=%E0%A4%A`)).toBe('damaged');
    expect(fault(`nostr+ehr://box.example?pk=${P}&name=nsec1${'q'.repeat(58)}`)).toBe('secret');
    expect(fault(`nostr+ehr://box.example?pk=${P}&name=${'x'.repeat(5_000)}`)).toBe('other');
    expect(fault(`nostr+ehr://box.example?pk=${P}&name=${'x'.repeat(150)}`)).toBe('ok');
  });

  test('characters that turn or hide text are taken out of a name', () => {
    const parsed = parseAddress(
      `nostr+ehr://box.example?pk=${P}&name=${encodeURIComponent('Lark\u202efield\u0000')}`,
    );
    expect(parsed).toMatchObject({ ok: true, sheet: { address: { name: 'Larkfield' } } });
  });
});

describe('the JSON form', () => {
  test('JSON with relay, practice key, name and the URLs of the former system is read', () => {
    const json = {
      relay: 'wss://Box.Example/',
      practice_pk: P,
      practice_next: NEXT,
      practice_name: 'Larkfield Pediatrics',
      billing_api: 'https://billing.example',
      calendar_api: 'https://calendar.example',
    };
    expect(parseAddress(JSON.stringify(json))).toEqual({
      ok: true,
      sheet: {
        address: { relay: 'wss://box.example', practice: P, next: NEXT, name: 'Larkfield Pediatrics' },
        token: null,
      },
    });
  });

  test('JSON of another kind, of a relay without TLS, or with a damaged member is refused', () => {
    const fault = (value: unknown) => {
      const parsed = parseAddress(typeof value === 'string' ? value : JSON.stringify(value));
      return parsed.ok ? 'ok' : parsed.fault;
    };
    expect(fault({ relay: 'wss://box.example', practice_pk: P })).toBe('ok');
    expect(fault({ relay: 'ws://127.0.0.1:7777', practice_pk: P })).toBe('ok');
    expect(fault({ relay: 'ws://box.example', practice_pk: P })).toBe('relay');
    expect(fault({ relay: 'https://box.example', practice_pk: P })).toBe('relay');
    expect(fault({ relay: 7, practice_pk: P })).toBe('relay');
    expect(fault({ relay: 'wss://box.example' })).toBe('practice');
    expect(fault({ relay: 'wss://box.example', practice_pk: P, practice_name: 7 })).toBe('damaged');
    expect(fault({ hello: 'world' })).toBe('other');
    expect(fault('{"relay":')).toBe('damaged');
  });
});

test('a relay URL has one form, the one in which a login names it', () => {
  expect(relayUrl('WSS://Relay.Example:443/')).toBe('wss://relay.example');
  expect(relayUrl('wss://relay.example:8443/x')).toBe('wss://relay.example:8443/x');
  expect(relayUrl('ws://localhost:7777')).toBe('ws://localhost:7777');
  expect(relayUrl('ws://relay.example')).toBeNull();
  expect(relayUrl('wss://relay.example/?a=b')).toBeNull();
  expect(relayUrl('relay.example')).toBeNull();
});
