/** Words of the shared pieces. Families say clinic. */
import { dict } from '@relaybox/lib/i18n/dict';

export const kitWords = dict(
  {
    language: 'Language / Idioma',
    born: (name: string, date: string) => `${name}, born ${date}`,
    twin: (letter: string) => `twin ${letter}`,
    stored: 'At the clinic',
    queued: 'On this device',
    refused: 'Not accepted',
    offline: 'Offline',
    unverified: 'Could not be verified',
    damaged: 'Arrived damaged',
    ended: 'Access ended',
    confidential: 'Confidential',
    genuine: 'Genuine',
    opening: 'Opening with your key…',
    openingCount: (n: number) => `Opening ${n} records with your key…`,
  },
  {
    language: 'Language / Idioma',
    born: (name, date) => `${name}, nacimiento ${date}`,
    twin: (letter) => `gemelo ${letter}`,
    stored: 'En la clínica',
    queued: 'En este dispositivo',
    refused: 'No aceptado',
    offline: 'Sin conexión',
    unverified: 'No se pudo verificar',
    damaged: 'Llegó dañado',
    ended: 'Acceso terminado',
    confidential: 'Confidencial',
    genuine: 'Auténtico',
    opening: 'Abriendo con su llave…',
    openingCount: (n) => `Abriendo ${n} registros con su llave…`,
  },
  {
    opening: 'Abriendo con tu llave…',
    openingCount: (n) => `Abriendo ${n} registros con tu llave…`,
  },
);
