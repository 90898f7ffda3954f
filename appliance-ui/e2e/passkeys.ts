/** A passkey that a journey uses in more than one tab or browser. */
import type { Page } from 'playwright-core';

/**
 * Chromium's virtual authenticator ends with its browser and does not give out its PRF seed. A real one lives on: so
 * the answers of the first browser's are written down, and the second browser's gives them again.
 */
export async function noteAnswers(page: Page): Promise<Map<string, number[]>> {
  const answers = new Map<string, number[]>();
  await page.exposeFunction('noteAnswer', (id: string, bytes: number[]) => void answers.set(id, bytes));
  await page.addInitScript(() => {
    const get = navigator.credentials.get.bind(navigator.credentials);
    navigator.credentials.get = async (options) => {
      const credential = (await get(options)) as PublicKeyCredential | null;
      const first = credential?.getClientExtensionResults().prf?.results?.first;
      const note = (globalThis as unknown as { noteAnswer: (id: string, bytes: number[]) => Promise<void> })
        .noteAnswer;
      if (credential && first) await note(credential.id, [...new Uint8Array(first as ArrayBuffer)]);
      return credential;
    };
  });
  return answers;
}

export const giveAnswers = (page: Page, answers: ReadonlyMap<string, number[]>) =>
  page.addInitScript(
    (noted) => {
      const known = new Map(noted);
      const get = navigator.credentials.get.bind(navigator.credentials);
      navigator.credentials.get = async (options) => {
        const credential = (await get(options)) as PublicKeyCredential | null;
        const bytes = credential ? known.get(credential.id) : undefined;
        if (!credential || !bytes) return credential;
        const first = new Uint8Array(bytes).buffer;
        const results = { ...credential.getClientExtensionResults(), prf: { results: { first } } };
        Object.defineProperty(credential, 'getClientExtensionResults', { value: () => results });
        return credential;
      };
    },
    [...answers],
  );
