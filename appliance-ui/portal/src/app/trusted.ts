/**
 * The one Trusted Types policy of the page. Under `require-trusted-types-for 'script'` every text that becomes
 * markup, and every address that becomes a script, passes here first.
 *
 * Mantine writes the text of its `<style>` element through `innerHTML`; that is the only use, and style text holds
 * no "<". Markup is refused, wherever it comes from. Workers start from this origin only. There is no
 * `createScript`: strings are never run.
 */
interface Policy {
  readonly createHTML: (text: string) => string;
  readonly createScriptURL: (address: string) => string;
}
interface Factory {
  createPolicy(name: 'default', policy: Policy): unknown;
}

export const policy = (origin: string): Policy => ({
  createHTML: (text) => {
    if (text.includes('<')) throw new TypeError('markup from a string is refused');
    return text;
  },
  createScriptURL: (address) => {
    const url = new URL(address, origin);
    if (url.origin !== origin) throw new TypeError('a script of another origin is refused');
    return url.href;
  },
});

const { trustedTypes } = globalThis as { trustedTypes?: Factory };
trustedTypes?.createPolicy('default', policy(globalThis.location?.origin ?? 'null'));
