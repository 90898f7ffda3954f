/**
 * Words of "what can be undone": what ending, sharing and moving do and what they cannot (docs/ref/protocol.md 2.3,
 * 2.4 and 4, docs/SECURITY.md "What this cannot do").
 */
import { dict } from '@relaybox/lib/i18n/dict';

export const undoWords = dict(
  {
    title: 'What can be undone',
    link: 'What can be undone, and what cannot',
    sub: 'Ending access, sharing, a lost phone, another clinic',
    heading: 'What can be undone, and what cannot',
    say: 'The clinic’s box can stop handing things out. It cannot make anyone forget.',
    does: 'What it does',
    stays: 'What it cannot undo',
    end: {
      title: 'Someone’s access ends',
      does: 'The clinic’s box gives that person nothing more. It takes less than a minute. This portal also clears what it had saved on their phone, once that phone reaches the box.',
      stays: 'What they have read, they know. A print or a photo stays with them.',
    },
    stop: {
      title: 'The clinic stops a key',
      does: 'A parent whose key was stopped can open nothing. The clinic can give it back.',
      stays:
        'What the key had opened is known. No one can stop a patient from reading their own record: only their writing stops.',
    },
    share: {
      title: 'A record is shared',
      does: 'You can end a share. From then on it hands out nothing more.',
      stays:
        'What was handed out cannot be called back. It proves for good who wrote it and what it says. Who holds it can show it to others.',
    },
    phone: {
      title: 'A phone is lost',
      does: 'What it had saved opens only with its passkey. Call the clinic: they end the old key.',
      stays: 'Whoever could open that phone may have read what was on it.',
    },
    key: {
      title: 'You get a new key',
      does: 'The clinic sees you first. Then your new key opens the record, the old parts too. The old key gets nothing more from the box.',
      stays: 'Copies that were made before still open with the old key. Messages only you had are gone.',
    },
    move: {
      title: 'You go to another clinic',
      does: 'What was signed here can still be checked there. Your key can open both.',
      stays: 'This clinic keeps its record, as the law asks. If you leave, it is not erased.',
    },
    forget: {
      title: 'You clear a phone',
      does: 'What this portal saved on that phone is gone at once.',
      stays: 'Your record at the clinic stays. So does what you printed or saved as a file.',
    },
    wrong: {
      title: 'A record is wrong',
      does: 'The clinic can correct it. The page then shows the new one and says so.',
      stays: 'The first one is kept beside it. No one can take a page out and leave no trace.',
    },
  },
  {
    title: 'Qué se puede deshacer',
    link: 'Qué se puede deshacer y qué no',
    sub: 'Terminar un acceso, compartir, perder el teléfono, cambiar de clínica',
    heading: 'Qué se puede deshacer y qué no',
    say: 'La caja de la clínica puede dejar de entregar datos. No puede hacer que alguien los olvide.',
    does: 'Lo que hace',
    stays: 'Lo que no puede deshacer',
    end: {
      title: 'Termina el acceso de alguien',
      does: 'La caja de la clínica ya no le da nada. Tarda menos de un minuto. Este portal borra también lo que guardó en el teléfono de esa persona, cuando llega a la caja.',
      stays: 'Lo que esa persona leyó, lo sabe. Una foto o una hoja impresa se queda con ella.',
    },
    stop: {
      title: 'La clínica detiene una llave',
      does: 'La madre o el padre con esa llave no puede abrir nada. La clínica la puede devolver.',
      stays:
        'Lo que la llave ya abrió, se sabe. Nadie puede impedir que un paciente lea su propio expediente: solo deja de escribir.',
    },
    share: {
      title: 'Se comparte un registro',
      does: 'Puede terminarlo cuando quiera. Desde ese momento ya no se entrega nada más.',
      stays:
        'Lo que se entregó no se puede pedir de vuelta. Prueba para siempre quién lo escribió y qué dice. Quien lo tiene lo puede mostrar a otros.',
    },
    phone: {
      title: 'Se pierde un teléfono',
      does: 'Lo guardado en él solo se abre con la clave de acceso de ese teléfono. Llame a la clínica: ellos terminan la llave vieja.',
      stays: 'Quien pudo abrir ese teléfono quizá leyó lo que había en él.',
    },
    key: {
      title: 'Usted recibe una llave nueva',
      does: 'La clínica lo ve primero en persona. Luego la llave nueva abre el expediente, también lo de antes. La vieja ya no recibe nada de la caja.',
      stays:
        'Las copias hechas antes aún se abren con la llave vieja. Los mensajes que solo tenía usted se perdieron.',
    },
    move: {
      title: 'Usted va a otra clínica',
      does: 'Lo que se firmó aquí se puede comprobar también allá. Su llave puede abrir las dos.',
      stays: 'Esta clínica guarda su expediente, como pide la ley. Si usted se va, no se borra.',
    },
    forget: {
      title: 'Usted limpia un teléfono',
      does: 'Lo que este portal guardó en ese teléfono se borra en el acto.',
      stays: 'Su expediente sigue en la clínica. También queda lo que usted imprimió o guardó en un archivo.',
    },
    wrong: {
      title: 'Un registro está mal',
      does: 'La clínica lo puede corregir. La página muestra lo nuevo y lo dice.',
      stays: 'Lo primero se guarda al lado. Nadie puede quitar una hoja sin dejar huella.',
    },
  },
  {
    share: { does: 'Puedes terminarlo cuando quieras. Desde ese momento ya no se entrega nada más.' },
    phone: {
      does: 'Lo guardado en él solo se abre con la clave de acceso de ese teléfono. Llama a la clínica: ellos terminan la llave vieja.',
    },
    key: {
      title: 'Recibes una llave nueva',
      does: 'La clínica te ve primero en persona. Luego la llave nueva abre el expediente, también lo de antes. La vieja ya no recibe nada de la caja.',
      stays:
        'Las copias hechas antes aún se abren con la llave vieja. Los mensajes que solo tenías tú se perdieron.',
    },
    move: {
      title: 'Vas a otra clínica',
      does: 'Lo que se firmó aquí se puede comprobar también allá. Tu llave puede abrir las dos.',
      stays: 'Esta clínica guarda tu expediente, como pide la ley. Si te vas, no se borra.',
    },
    forget: {
      title: 'Limpias un teléfono',
      stays: 'Tu expediente sigue en la clínica. También queda lo que imprimiste o guardaste en un archivo.',
    },
  },
);
