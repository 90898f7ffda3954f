/**
 * A page under the name of a vault, with typage: an age implementation that shares nothing with ours. It does what
 * somebody does who has a slot key, the sealed file and a browser, and none of our software.
 */
import { Decrypter, Encrypter, webauthn } from 'age-encryption';

const LABEL = new TextEncoder().encode('age-encryption.org/fido2prf');

const toBase64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));
const fromBase64 = (text: string) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
const toHex = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** What the key answers when a page asks it as the stanza of a nonce says, as hex. */
async function answer(rpId: string, nonce: string): Promise<[string, string]> {
  const input = (which: number) => Uint8Array.of(...LABEL, which, ...fromBase64(nonce));
  const found = (await navigator.credentials.get({
    publicKey: {
      rpId,
      challenge: crypto.getRandomValues(new Uint8Array(32)),
      userVerification: 'required',
      extensions: { prf: { eval: { first: input(1), second: input(2) } } },
    },
  })) as PublicKeyCredential | null;
  const results = found?.getClientExtensionResults().prf?.results;
  if (!results?.second) throw new Error('no two secrets');
  const hex = (secret: BufferSource) => toHex(new Uint8Array(secret as ArrayBuffer));
  return [hex(results.first), hex(results.second)];
}

async function seal(contents: string, slotKeys: readonly string[], recovery: string): Promise<string> {
  const encrypter = new Encrypter();
  for (const identity of slotKeys) encrypter.addRecipient(new webauthn.WebAuthnRecipient({ identity }));
  encrypter.addRecipient(recovery);
  return toBase64(await encrypter.encrypt(contents));
}

/** By one slot key, or by the X25519 identity of the words. */
function open(file: string, identity: string): Promise<string> {
  const decrypter = new Decrypter();
  const isSlotKey = identity.startsWith('AGE-PLUGIN-');
  decrypter.addIdentity(isSlotKey ? new webauthn.WebAuthnIdentity({ identity }) : identity);
  return decrypter.decrypt(fromBase64(file), 'text');
}

/** Makes a slot key's credential; gives typage's identity of it. */
const make = (rpId: string) => webauthn.createCredential({ type: 'passkey', keyName: 'slot key', rpId });

const page = { make, answer, seal, open };
declare global {
  var sealedPage: typeof page;
}
globalThis.sealedPage = page;
