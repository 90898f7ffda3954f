// Logs in over TLS with the first guardian's key and says so. docs/guide/read-a-record.md runs it.

import { readFileSync } from 'node:fs'

import { hexToBytes } from 'nostr-tools/utils'

import { login } from '../../docs/guide/read-record.mjs'

const ready = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const guardian = ready.persons.find(({ role, secret }) => role === 'guardian' && secret)
const relay = await login(ready.relay, hexToBytes(guardian.secret))
console.log(`logged in at ${ready.relay} as ${guardian.name}`)
relay.close()
