/**
 * Vaccines in the words of parents, by CDC's vaccine group. `short` is what stands on cards and in school forms.
 * Spanish has not been read by a native clinician yet; `reviewed` says so, row by row.
 */
import type { Lang } from '../i18n/dict.ts';

export interface VaccineName {
  readonly en: string;
  readonly es: string;
  readonly short: string;
  /** Read by a clinician, and the Spanish by a native speaker. */
  readonly reviewed: boolean;
}

const name = (en: string, es: string, short: string): VaccineName => ({ en, es, short, reviewed: false });

/** In the order in which a child meets them; the order of lists. */
export const vaccineNames: { readonly [group: string]: VaccineName } = {
  HepB: name('Hepatitis B', 'Hepatitis B', 'HepB'),
  RSV: name('RSV (lung infection in babies)', 'VSR (infección pulmonar de bebés)', 'RSV'),
  ROTAVIRUS: name('Rotavirus (severe diarrhea)', 'Rotavirus (diarrea grave)', 'RV'),
  DTAP: name('Diphtheria, tetanus, whooping cough', 'Difteria, tétanos, tosferina', 'DTaP'),
  HIB: name('Hib (a germ that can cause meningitis)', 'Hib (bacteria que puede causar meningitis)', 'Hib'),
  PneumoPCV: name(
    'Pneumococcus (lung and ear infections)',
    'Neumococo (infecciones de pulmón y oído)',
    'PCV',
  ),
  POLIO: name('Polio', 'Polio', 'IPV'),
  FLU: name('Flu', 'Gripe (influenza)', 'Flu'),
  'COVID-19': name('COVID-19', 'COVID-19', 'COVID'),
  MMR: name('Measles, mumps, rubella', 'Sarampión, paperas, rubéola', 'MMR'),
  VARICELLA: name('Chickenpox', 'Varicela', 'VAR'),
  HepA: name('Hepatitis A', 'Hepatitis A', 'HepA'),
  TDAP: name(
    'Tetanus, diphtheria, whooping cough booster',
    'Refuerzo de tétanos, difteria y tosferina',
    'Tdap',
  ),
  Td: name('Tetanus, diphtheria', 'Tétanos, difteria', 'Td'),
  HPV: name('HPV (can cause cancer)', 'VPH (puede causar cáncer)', 'HPV'),
  MENING: name('Meningitis A, C, W and Y', 'Meningitis A, C, W e Y', 'MenACWY'),
  MeningB: name('Meningitis B', 'Meningitis B', 'MenB'),
  PneumoPPV: name('Pneumococcus, second kind', 'Neumococo, segundo tipo', 'PPSV'),
  DENGUE: name('Dengue', 'Dengue', 'DEN'),
  RABIES: name('Rabies', 'Rabia', 'RAB'),
  TYPHOID: name('Typhoid', 'Fiebre tifoidea', 'TYP'),
  YELLOWFEVER: name('Yellow fever', 'Fiebre amarilla', 'YF'),
  'Japanese encephalitis': name('Japanese encephalitis', 'Encefalitis japonesa', 'JE'),
  'Tick-borne encephalitis': name('Tick-borne encephalitis', 'Encefalitis por garrapatas', 'TBE'),
  Chikungunya: name('Chikungunya', 'Chikunguña', 'CHIK'),
  cholera: name('Cholera', 'Cólera', 'CHOL'),
  Orthopoxvirus: name('Mpox and smallpox', 'Mpox y viruela', 'MPOX'),
  BCG: name('Tuberculosis (BCG)', 'Tuberculosis (BCG)', 'BCG'),
  ZOSTER: name('Shingles', 'Culebrilla (herpes zóster)', 'ZOS'),
  ADENO: name('Adenovirus', 'Adenovirus', 'ADENO'),
  ANTHRAX: name('Anthrax', 'Ántrax', 'ANTH'),
  Ebola: name('Ebola', 'Ébola', 'EBO'),
  'Lyme disease': name('Lyme disease', 'Enfermedad de Lyme', 'LYME'),
  'H1N1 flu': name('Flu of 2009 (H1N1)', 'Gripe de 2009 (H1N1)', 'H1N1'),
  'H5N1 flu': name('Bird flu (H5N1)', 'Gripe aviar (H5N1)', 'H5N1'),
  'FLU-Avian-H5': name('Bird flu (H5)', 'Gripe aviar (H5)', 'H5'),
  Plague: name('Plague', 'Peste', 'PLA'),
  VEE: name('Horse encephalitis', 'Encefalitis equina', 'VEE'),
};

export const vaccineOrder = (group: string): number => {
  const place = Object.keys(vaccineNames).indexOf(group);
  return place < 0 ? Object.keys(vaccineNames).length : place;
};

/** The group's own name where we have no words for it: a newer list than ours. */
export const vaccineName = (lang: Lang, group: string): string => vaccineNames[group]?.[lang] ?? group;

/** For papers: without the explanation in brackets, with the short name that forms use. */
export const formalName = (lang: Lang, group: string): string => {
  const name = vaccineName(lang, group).replace(/ \([^)]*\)$/, '');
  const short = vaccineNames[group]?.short;
  return short === undefined || short === name ? name : `${name} (${short})`;
};
