/** What a browser hands over of a passkey that was made or asserted, as far as it is read here. */

export interface Answer {
  readonly id: Uint8Array<ArrayBuffer>;
  /** Results of extensions. */
  readonly extensions?: object;
  /** Whether the authenticator says that it knows the person (the UV flag). True unless said otherwise. */
  readonly verified?: boolean;
}

const PRESENT = 0x01;
const VERIFIED = 0x04;
const FLAGS_AT = 32;

export function credential({ id, extensions = {}, verified = true }: Answer): Credential {
  const bytes = new Uint8Array(37);
  bytes[FLAGS_AT] = verified ? PRESENT | VERIFIED : PRESENT;
  return {
    id: '',
    type: 'public-key',
    rawId: id.buffer,
    // An assertion has it as a member, a new passkey by a method.
    response: { authenticatorData: bytes.buffer, getAuthenticatorData: () => bytes.buffer },
    getClientExtensionResults: () => extensions,
  } as unknown as Credential;
}
