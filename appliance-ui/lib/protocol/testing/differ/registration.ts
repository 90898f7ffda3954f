/** What the registration library makes of a call as vectors and the differential run write it. */
import { EpochSecret } from '../../envelope.ts';
import { Policy } from '../../policy.ts';
import type { Random } from '../../random.ts';
import {
  addGuardian,
  endLink,
  type NewChild,
  type NewGuardian,
  ownKey,
  type ProvedKey,
  type Registrar,
  type Registration,
  RegistrationError,
  registerFamily,
  rekey,
  removeGuardian,
  type Standing,
  type SubjectKey,
} from '../../registration.ts';
import { SecretKey } from '../../secret.ts';
import type { Event, Hex } from '../../types.ts';

/** A key of null is made here and thrown away. */
interface AnyKey {
  readonly key: Hex | null;
  readonly pop?: string;
}
interface AnyChild {
  readonly key: AnyKey | null;
  readonly own: ProvedKey | null;
  readonly resource: NewChild['resource'];
}
/** Each call has some of these, under these names. */
interface Asked {
  readonly children: readonly AnyChild[];
  readonly guardians: readonly NewGuardian[];
  readonly guardian: NewGuardian;
  readonly subject: Hex;
  readonly link: Event;
  readonly patient: Standing;
  readonly key: AnyKey;
  readonly own: ProvedKey;
}

const subjectKey = (given: AnyKey | null): SubjectKey =>
  given?.key ? { key: given.key, pop: given.pop ?? '' } : 'thrown-away';

export interface RegistrationInput {
  readonly practice: Hex;
  readonly steps: readonly { readonly event: Event; readonly at: number; readonly received: number }[];
  readonly now: number;
  readonly by: Hex;
  readonly n: number;
  readonly desk: Hex;
  readonly call: string;
  readonly asked: { readonly [name: string]: unknown };
}

/** A call after a history, of which some events count. */
export function registrationCase(input: RegistrationInput, random: Random): unknown {
  const policy = new Policy(input.practice);
  for (const { event, at, received } of input.steps) policy.apply(event, at, received);
  const [secret, pair] = [SecretKey.fromHex(input.by), SecretKey.fromHex(input.desk)];
  if (!secret || !pair) throw new Error('no secret key');
  const desk = { n: input.n, pair: new EpochSecret(pair) };
  return registrationAnswer(input.call, input.asked, { secret, desk, policy, now: input.now }, random);
}

/** Events and subjects, or the refusal. */
export function registrationAnswer(
  call: string,
  input: { readonly [name: string]: unknown },
  registrar: Registrar,
  random: Random,
): unknown {
  try {
    return perform(call, input as unknown as Asked, registrar, random);
  } catch (error) {
    if (!(error instanceof RegistrationError)) throw error;
    const { code, ...about } = error.fault;
    return 'refusal' in about ? { refused: about.refusal } : { refused: code, ...about };
  }
}

function perform(call: string, asked: Asked, registrar: Registrar, random: Random): Registration {
  switch (call) {
    case 'register-family': {
      const children = asked.children.map((child) => ({ ...child, key: subjectKey(child.key) }));
      return registerFamily(registrar, children, asked.guardians, random);
    }
    case 'add-guardian':
      return addGuardian(registrar, asked.subject, asked.guardian, random);
    case 'end-link':
      return endLink(registrar, asked.link);
    case 'remove-guardian':
      return removeGuardian(registrar, asked.link, asked.patient, subjectKey(asked.key), random);
    case 'rekey':
      return rekey(registrar, asked.patient, subjectKey(asked.key), random);
    case 'own-key':
      return ownKey(registrar, asked.patient, asked.own, random);
    default:
      throw new Error(`no such call: ${call}`);
  }
}
