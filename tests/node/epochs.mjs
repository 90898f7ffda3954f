// What each key opens of a practice with three epochs, by nostr-tools and its NIP-44 alone.
//
//   node epochs.mjs TOLD.json keep   prints what the father's device has while he is a guardian of the child
//   node epochs.mjs TOLD.json        the tests, after his link has ended and the child has another key
//
// tests/e2e/vault/epochs.rs makes the practice and tells the keys.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { getPublicKey, nip44 } from 'nostr-tools'
import { hexToBytes } from 'nostr-tools/utils'

import { RECORDS, login, openGrants, openRecord, ownKey, query, tags } from '../../docs/guide/read-record.mjs'

const told = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const { getConversationKey } = nip44.v2.utils
const [first, second] = [event => tags(event, 'p')[0]?.[1], event => tags(event, 'p')[1]?.[1]]

/** Logged in with a secret, for one piece of work. */
async function as(secret, work) {
  const relay = await login(told.relay, hexToBytes(secret))
  try {
    return await work(relay)
  } finally {
    relay.close()
  }
}

/** All that the relay gives a guardian about the keys `subjects`, and the grants to the guardian. */
const given = (secret, subjects) =>
  as(secret, async relay => ({
    grants: await query(relay, { kinds: [2100], '#p': [getPublicKey(hexToBytes(secret))] }),
    events: await query(relay, { kinds: RECORDS, '#p': subjects }),
  }))

/** What a record says, by a grant's row; null when the row is missing or does not open it. */
function byRow(event, rows) {
  const { resource } = openRecord(event, rows.get(`${first(event)} ${second(event)}`), told.practice)
  return resource ?? null
}

function opens(payload, key) {
  try {
    nip44.v2.decrypt(payload, key)
    return true
  } catch {
    return false
  }
}

/** Both copies of a record. */
const copies = event => [event.content, tags(event, 'patient-content')[0][1]]

/**
 * Every conversation key that somebody can make for an event: from the rows of all grants, and from each secret with
 * each key that stands in the event; and each secret itself.
 */
function makeable(event, secrets, rows) {
  const keys = [event.pubkey, ...event.tags.flat().filter(cell => /^[0-9a-f]{64}$/.test(cell))]
  const made = []
  for (const secret of secrets.map(hexToBytes)) {
    made.push(secret)
    for (const key of keys) {
      try {
        made.push(getConversationKey(secret, key))
      } catch {
        // A hash in a tag need not be a point of the curve.
      }
    }
  }
  return [...made, ...rows.values()]
}

const openedBy = (event, keys) => copies(event).map(copy => keys.some(key => opens(copy, key)))

/** Epoch secrets that the practice gave the doctor, by E. */
async function doctorsKeys(relay) {
  const secret = hexToBytes(told.doctor)
  const grants = await query(relay, { kinds: [2101], '#p': [getPublicKey(secret)] })
  const keys = new Map()
  for (const { content, tags: [...cells] } of grants) {
    const ek = cells.find(([name]) => name === 'ek')[1]
    const secrets = JSON.parse(nip44.v2.decrypt(content, getConversationKey(secret, ek)))
    for (const e of Object.values(secrets)) keys.set(getPublicKey(hexToBytes(e)), hexToBytes(e))
  }
  return keys
}

/** The practice's epochs, oldest first: compartment to E. */
async function epochsOf(relay) {
  const events = await query(relay, { kinds: [2105] })
  const number = event => Number(tags(event, 'n')[0][1])
  return events
    .sort((a, b) => number(a) - number(b))
    .map(event => Object.fromEntries(tags(event, 'p').map(([, key, compartment]) => [compartment, key])))
}

/** All that a parent ever held: own secret, secrets of children that lay on the parent's devices, rows of all grants. */
async function heldBy({ secret, held }) {
  const key = getPublicKey(hexToBytes(secret))
  const grants = await as(told.doctor, relay => query(relay, { kinds: [2100], '#p': [key] }))
  return { secrets: [secret, ...held], rows: openGrants(grants, hexToBytes(secret)) }
}

function tests() {
  test('a patient opens records of three epochs by own key and the first p alone', () =>
    as(told.adult, async relay => {
      const secret = hexToBytes(told.adult)
      const epochs = await epochsOf(relay)
      assert.equal(epochs.length, 3)
      const events = await query(relay, { kinds: [2113], '#p': [getPublicKey(secret)] })
      const said = new Map()
      for (const event of events) {
        const { resource, reason } = openRecord(event, ownKey(event, secret), told.practice)
        assert.equal(reason, undefined)
        said.set(first(event), resource.code.text)
        assert.equal(openRecord(event, ownKey(event, hexToBytes(told.father.secret)), told.practice).reason, 'body')
      }
      assert.deepEqual(
        epochs.map(({ chart }) => said.get(chart)),
        ['epoch 1', 'epoch 2', 'epoch 3'],
      )
      assert.deepEqual(await query(relay, { kinds: [2100, 2101] }), [], 'nobody gave this patient a key')
    }))

  test('a removed guardian opens what was fetched before, and nothing that came after', async () => {
    const { father, mother, child, sibling, kept } = told
    const rows = openGrants(kept.grants, hexToBytes(father.secret))
    assert.deepEqual(
      kept.events.filter(({ kind }) => kind === 2113).map(event => byRow(event, rows)?.code.text).sort(),
      ['epoch 1', 'epoch 2'],
    )
    // The relay still answers him: about the child who is his.
    const now = await given(father.secret, [...child, sibling])
    assert.ok(now.events.length > 3)
    assert.deepEqual([...new Set(now.events.map(second))], [sibling])
    assert.deepEqual(await as(father.secret, relay => query(relay, { ids: kept.events.map(({ id }) => id) })), [])

    const after = await as(told.doctor, relay => query(relay, { kinds: RECORDS, '#p': [child[1]] }))
    assert.deepEqual(after.map(({ kind }) => kind).sort(), [2110, 2113])
    const held = await heldBy(father)
    const hers = await heldBy(mother)
    for (const event of after) {
      assert.deepEqual(openedBy(event, makeable(event, held.secrets, held.rows)), [false, false])
      assert.notEqual(byRow(event, hers.rows), null, 'who stays a guardian opens it')
    }
    // The sibling's records open for him, the newest ones too: what he holds is real.
    const siblings = now.events.filter(({ kind }) => kind === 2113)
    assert.deepEqual(siblings.map(event => byRow(event, held.rows)?.code.text).sort(), [
      'epoch 1',
      'epoch 2',
      'epoch 3',
    ])
  })

  test('nothing that a parent ever held opens a confidential record, neither copy', () =>
    as(told.doctor, async relay => {
      const [epochs, es] = [await epochsOf(relay), await doctorsKeys(relay)]
      const confidential = await query(relay, { kinds: [2123] })
      assert.deepEqual(
        new Set(confidential.map(first)),
        new Set(epochs.map(keys => keys.confidential)),
        'one of each epoch',
      )
      const charts = await query(relay, { kinds: [2113], '#p': [told.teen] })
      for (const parent of [told.mother, told.father]) {
        assert.deepEqual(await as(parent.secret, theirs => query(theirs, { kinds: [2123] })), [])
        const { secrets, rows } = await heldBy(parent)
        assert.ok(rows.size > 5)
        for (const event of confidential)
          assert.deepEqual(openedBy(event, makeable(event, secrets, rows)), [false, false])
        // The same keys open the teenager's other records for the mother: one copy by rows, and by the T she made.
        for (const event of charts)
          assert.deepEqual(openedBy(event, makeable(event, secrets, rows)), [false, parent === told.mother])
      }
      for (const event of confidential) {
        const e = es.get(first(event))
        assert.equal(second(event), told.own)
        const keys = [getConversationKey(e, first(event)), getConversationKey(e, told.own)]
        assert.deepEqual(copies(event).map((copy, n) => opens(copy, keys[n])), [true, true])
      }
    }))
}

if (process.argv[3] === 'keep') console.log(JSON.stringify(await given(told.father.secret, told.child)))
else tests()
