/**
 * Clinical words as a family reads them. A word is found by its code, never by its spelling, so that a Spanish page
 * can say "ronchas" for what the record calls "Urticaria" without guessing; the recorded words stay beside it.
 *
 * `reviewed`: read by a clinician and, for the Spanish, by a native speaker. Until then the about page says that it
 * was not. `fsn` is SNOMED CT's own name of the code (Global Patient Set, September 2020, CC BY 4.0).
 */
import type { Lang } from '../i18n/dict.ts';
import { codesOf, LOINC, SNOMED } from './read.ts';

export interface Word {
  readonly term: string;
  /** One or two short sentences; null where the term explains itself. */
  readonly plain: string | null;
}

export interface Entry {
  readonly id: string;
  readonly en: Word;
  readonly es: Word;
  readonly loinc: readonly string[];
  /** Code and SNOMED CT's name of it. */
  readonly snomed: readonly (readonly [code: string, fsn: string])[];
  readonly reviewed: boolean;
}

type Said = readonly [term: string, plain: string | null];
const entry = (
  id: string,
  en: Said,
  es: Said,
  codes: { readonly loinc?: readonly string[]; readonly snomed?: Entry['snomed'] } = {},
): Entry => ({
  id,
  en: { term: en[0], plain: en[1] },
  es: { term: es[0], plain: es[1] },
  loinc: codes.loinc ?? [],
  snomed: codes.snomed ?? [],
  reviewed: false,
});

const results: readonly Entry[] = [
  entry(
    'blood-count',
    ['Blood count', 'It counts the cells in the blood.'],
    ['Conteo de sangre', 'Cuenta las células de la sangre.'],
    { loinc: ['58410-2', '57021-8'] },
  ),
  entry(
    'hemoglobin',
    [
      'Hemoglobin',
      'The red part of blood. It carries oxygen. When it is low, a child can be pale and tired.',
    ],
    [
      'Hemoglobina',
      'La parte roja de la sangre. Lleva el oxígeno. Si está baja, puede haber palidez y cansancio.',
    ],
    { loinc: ['718-7', '20509-6', '30313-1', '30350-3'] },
  ),
  entry(
    'hematocrit',
    ['Hematocrit', 'How much of the blood is red cells.'],
    ['Hematocrito', 'Qué parte de la sangre son células rojas.'],
    { loinc: ['4544-3', '20570-8'] },
  ),
  entry('red-cells', ['Red blood cells', 'They carry oxygen.'], ['Glóbulos rojos', 'Llevan el oxígeno.'], {
    loinc: ['789-8'],
  }),
  entry(
    'white-cells',
    ['White blood cells', 'They fight germs.'],
    ['Glóbulos blancos', 'Luchan contra los gérmenes.'],
    { loinc: ['6690-2'] },
  ),
  entry(
    'platelets',
    ['Platelets', 'They help the blood to clot.'],
    ['Plaquetas', 'Ayudan a que la sangre deje de salir.'],
    { loinc: ['777-3'] },
  ),
  entry(
    'red-cell-size',
    ['Size of red cells', 'Helps to find out why blood is low.'],
    ['Tamaño de los glóbulos rojos', 'Ayuda a saber por qué la sangre está baja.'],
    { loinc: ['787-2'] },
  ),
  entry('red-cell-load', ['Hemoglobin in a red cell', null], ['Hemoglobina en un glóbulo rojo', null], {
    loinc: ['785-6'],
  }),
  entry(
    'red-cell-strength',
    ['How full red cells are', null],
    ['Qué tan llenos están los glóbulos rojos', null],
    { loinc: ['786-4'] },
  ),
  entry(
    'red-cell-spread',
    ['How much red cells differ in size', null],
    ['Cuánto varían de tamaño los glóbulos rojos', null],
    { loinc: ['21000-5', '788-0'] },
  ),
  entry('platelet-size', ['Size of platelets', null], ['Tamaño de las plaquetas', null], {
    loinc: ['32623-1'],
  }),
  entry(
    'platelet-spread',
    ['How much platelets differ in size', null],
    ['Cuánto varían de tamaño las plaquetas', null],
    { loinc: ['32207-3'] },
  ),
  entry(
    'lead',
    ['Lead', 'A metal that can harm a child’s brain. It can be in old paint and dust.'],
    ['Plomo', 'Un metal que puede dañar el cerebro. Puede estar en pintura vieja y en el polvo.'],
    { loinc: ['77307-7', '5671-3', '10368-9'] },
  ),
  entry(
    'ferritin',
    ['Ferritin', 'Shows how much iron the body keeps in store.'],
    ['Ferritina', 'Dice cuánto hierro guarda el cuerpo.'],
    { loinc: ['2276-4', '20567-4'] },
  ),
  entry('cholesterol', ['Cholesterol', 'A fat in the blood.'], ['Colesterol', 'Una grasa de la sangre.'], {
    loinc: ['2093-3'],
  }),
  entry(
    'ldl',
    ['LDL cholesterol', 'The kind that can build up in the veins.'],
    ['Colesterol LDL', 'El tipo que puede pegarse a las venas.'],
    { loinc: ['2089-1', '13457-7', '18262-6'] },
  ),
  entry(
    'hdl',
    ['HDL cholesterol', 'The kind that helps to clear fat away.'],
    ['Colesterol HDL', 'El tipo que ayuda a quitar la grasa.'],
    { loinc: ['2085-9'] },
  ),
  entry('non-hdl', ['Cholesterol without HDL', null], ['Colesterol sin HDL', null], { loinc: ['43396-1'] }),
  entry(
    'triglycerides',
    ['Fats in the blood', 'They rise after a meal.'],
    ['Grasas de la sangre', 'Suben después de comer.'],
    { loinc: ['3048-6', '2571-8'] },
  ),
  entry(
    'glucose',
    ['Blood sugar', 'It gives the body energy.'],
    ['Azúcar de la sangre', 'Le da fuerza al cuerpo.'],
    { loinc: ['2345-7', '2339-0'] },
  ),
  entry(
    'strep',
    ['Strep test', 'Looks for a germ that makes throats sore.'],
    ['Prueba de estreptococo', 'Busca una bacteria que da dolor de garganta.'],
    { loinc: ['11268-0'] },
  ),
];

const signs: readonly Entry[] = [
  entry('weight', ['Weight', null], ['Peso', null], { loinc: ['29463-7', '3141-9', '8339-4'] }),
  entry(
    'pressure',
    ['Blood pressure', 'How hard the blood pushes. The first number is when the heart beats.'],
    ['Presión de la sangre', 'Con qué fuerza empuja la sangre. El primer número es cuando late el corazón.'],
    { loinc: ['85354-9', '55284-4'] },
  ),
  entry(
    'oxygen',
    ['Oxygen in the blood', 'Shows how well the lungs work.'],
    ['Oxígeno de la sangre', 'Dice cómo trabajan los pulmones.'],
    { loinc: ['2708-6', '59408-5'] },
  ),
  entry('bmi', ['BMI', 'A number made of weight and height.'], ['IMC', 'Un número hecho de peso y talla.'], {
    loinc: ['39156-5'],
  }),
];

const words: readonly Entry[] = [
  entry('hives', ['Hives', 'Red bumps that itch.'], ['Ronchas', 'Bultos rojos que pican.'], {
    snomed: [['126485001', 'Urticaria (disorder)']],
  }),
  entry(
    'anaphylaxis',
    ['Severe allergic shock', 'It needs help at once: call 911.'],
    ['Reacción alérgica grave', 'Necesita ayuda ya: llame al 911.'],
    { snomed: [['39579001', 'Anaphylaxis (disorder)']] },
  ),
  entry('vomiting', ['Vomiting', null], ['Vómito', null], { snomed: [['422400008', 'Vomiting (disorder)']] }),
  entry('wheezing', ['Wheezing', 'A whistle when breathing.'], ['Silbido al respirar', null], {
    snomed: [['56018004', 'Wheezing (finding)']],
  }),
  entry('rash', ['Skin rash', null], ['Sarpullido', null], {
    snomed: [['271807003', 'Eruption of skin (disorder)']],
  }),
  entry('milk-allergy', ['Cow’s milk', null], ['Leche de vaca', null], {
    snomed: [['782555009', "Allergy to cow's milk protein (finding)"]],
  }),
  entry('peanut-allergy', ['Peanut', null], ['Cacahuate (maní)', null], {
    snomed: [['91935009', 'Allergy to peanut (finding)']],
  }),
  entry('penicillin-allergy', ['Penicillin', null], ['Penicilina', null], {
    snomed: [['91936005', 'Allergy to penicillin (finding)']],
  }),
  entry('amoxicillin-allergy', ['Amoxicillin', null], ['Amoxicilina', null], {
    snomed: [['294505008', 'Allergy to amoxicillin (finding)']],
  }),
  entry('cat-allergy', ['Cats', null], ['Gatos', null], {
    snomed: [['232346004', 'Allergy to cat dander (finding)']],
  }),
  entry('latex-allergy', ['Latex (rubber)', null], ['Látex (hule)', null], {
    snomed: [['300916003', 'Allergy to latex (finding)']],
  }),
  entry(
    'asthma',
    ['Asthma', 'The airways get tight at times.'],
    ['Asma', 'Las vías del aire se cierran a veces.'],
    {
      snomed: [['195967001', 'Asthma (disorder)']],
    },
  ),
  entry('eczema', ['Eczema', 'Dry skin that itches.'], ['Eccema', 'Piel seca que pica.'], {
    snomed: [['24079001', 'Atopic dermatitis (disorder)']],
  }),
  entry(
    'iron-anemia',
    ['Low iron in the blood', 'The body has too little iron to make blood.'],
    ['Falta de hierro en la sangre', 'Falta hierro para hacer sangre.'],
    { snomed: [['87522002', 'Iron deficiency anemia (disorder)']] },
  ),
  entry(
    'hay-fever',
    ['Hay fever', 'A runny nose from pollen or dust.'],
    ['Alergia de la nariz', 'Moco por polen o polvo.'],
    {
      snomed: [['61582004', 'Allergic rhinitis (disorder)']],
    },
  ),
  entry('acne', ['Acne', null], ['Acné', null], { snomed: [['11381005', 'Acne vulgaris (disorder)']] }),
  entry('early-birth', ['Born early', null], ['Nació antes de tiempo', null], {
    snomed: [['395507008', 'Premature infant (finding)']],
  }),
  entry('ear-infection', ['Ear infection', null], ['Infección de oído', null], {
    snomed: [['65363002', 'Otitis media (disorder)']],
  }),
  entry('bronchitis', ['Bronchitis', 'A cough deep in the chest.'], ['Bronquitis', 'Tos del pecho.'], {
    snomed: [['10509002', 'Acute bronchitis (disorder)']],
  }),
  entry('sore-throat', ['Sore throat from a virus', null], ['Dolor de garganta por virus', null], {
    snomed: [['195662009', 'Acute viral pharyngitis (disorder)']],
  }),
  entry('sinus', ['Sinus cold from a virus', null], ['Sinusitis por virus', null], {
    snomed: [['444814009', 'Viral sinusitis (disorder)']],
  }),
  entry('broken-ankle', ['Broken ankle', null], ['Tobillo roto', null], {
    snomed: [['16114001', 'Fracture of ankle (disorder)']],
  }),
  entry('sprained-ankle', ['Sprained ankle', null], ['Torcedura de tobillo', null], {
    snomed: [['44465007', 'Sprain of ankle (disorder)']],
  }),
  entry('sprained-wrist', ['Sprained wrist', null], ['Torcedura de muñeca', null], {
    snomed: [['70704007', 'Sprain of wrist (disorder)']],
  }),
  entry(
    'attention',
    ['Attention deficit (ADHD)', 'It is hard to keep still or to stay with one thing.'],
    ['Déficit de atención (TDAH)', 'Cuesta estar quieto o seguir con una cosa.'],
    { snomed: [['192127007', 'Child attention deficit disorder (disorder)']] },
  ),
];

export const glossary: readonly Entry[] = [...results, ...signs, ...words];

const byCode = new Map<string, Entry>(
  glossary.flatMap((one) => [
    ...one.loinc.map((code) => [`${LOINC}|${code}`, one] as const),
    ...one.snomed.map(([code]) => [`${SNOMED}|${code}`, one] as const),
  ]),
);

/** The words for a CodeableConcept by its codes; null when we have none. */
export const explain = (lang: Lang, concept: unknown): Word | null => {
  for (const system of [LOINC, SNOMED])
    for (const code of codesOf(concept, system)) {
      const found = byCode.get(`${system}|${code}`);
      if (found) return found[lang];
    }
  return null;
};
