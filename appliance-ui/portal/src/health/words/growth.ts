/** Words of the growth page: facts, a place in line, a way to ask. No grade, no category. */
import { dict } from '@relaybox/lib/i18n/dict';

export const growthWords = dict(
  {
    title: 'Growth',
    heading: (name: string) => `${name}’s growth`,
    own: 'Your growth',
    units: 'Units',
    us: 'lb, in',
    metric: 'kg, cm',
    measure: 'Measure',
    names: {
      weight: 'Weight',
      length: 'Height',
      lengthLying: 'Length',
      head: 'Head',
      bmi: 'BMI',
      'weight-for-length': 'Weight for length',
    },
    atAge: (date: string, age: string) => `${date}, at ${age}`,
    meaning: (percentile: string) =>
      `This is called the ${percentile}. It is a place in line, not a grade. Small and big children can both be healthy. What tells more is whether the dots keep to their own path over time.`,
    meaningEnd: (percentile: string) =>
      `This is called ${percentile}. It is a place in line, not a grade. What tells more is whether the dots keep to their own path over time.`,
    bmiPlain: 'BMI is a number made of weight and height.',
    headPlain: 'The tape goes around the widest part of the head.',
    path: (who: string) => `${who} path so far`,
    his: 'His',
    her: 'Her',
    your: 'Your',
    thePath: 'The path so far',
    thisChild: 'this child',
    beforeTwo: 'Before 2 years',
    fromTwo: 'From 2 years',
    middle: (peers: string) => `The middle line: half of ${peers} are above it, half below.`,
    outer: (peers: string) =>
      `Between the outer lines are 94 of every 100 ${peers}. Being outside is a reason to ask, not a diagnosis.`,
    boys: 'boys',
    girls: 'girls',
    open: 'An open dot has no place on this chart.',
    ruler:
      'From 2 years children are measured standing. The number can drop by about 0.7 cm. That is the ruler, not your child.',
    rulerOwn:
      'From 2 years on you were measured standing. The number can drop by about 0.7 cm. That is the ruler, not you.',
    early: (weeks: string, age: string) =>
      `Born early, at ${weeks}. Until age 2 the dots go by the due date: ${age}.`,
    earlyFrom: (days: string) => `${days} are taken off the age`,
    earlyUnclear:
      'The record has more than one length of pregnancy. The dots go by the birth date. Ask the clinic.',
    bornEarly: 'Born early? Tell the clinic: the dots then use the due date until age 2.',
    noSex: 'Ask the clinic which chart fits',
    noSexText:
      'There is a chart for boys and one for girls. The record does not say which one to use, so the dots stand without lines.',
    noBirth: 'The record has no birth date',
    noBirthText: 'Without it there is no age, so there is no chart. The clinic can add it.',
    table: 'The same as a table',
    value: 'Value',
    percentile: 'Percentile',
    all: (n: number) => `All ${n} measurements`,
    fewer: 'Fewer',
    monthsOld: 'months old',
    yearsOld: 'years old',
    lengthAxis: (unit: string) => `length in ${unit}`,
    reference: {
      who: (peers: string) =>
        `Reference: World Health Organization child growth standards, 2006, ${peers}, birth to 24 months.`,
      cdc: (peers: string) => `Reference: CDC growth charts, 2000, ${peers}, 2 to 20 years.`,
      cdcBmi: (peers: string) =>
        `Reference: CDC growth charts, 2000, and extended BMI, 2022, ${peers}, 2 to 20 years.`,
    },
    label: (measure: string, n: number, first: string, last: string) =>
      `${measure} by age. ${n} measurements, from ${first} to ${last}. The table has the same numbers.`,
    labelOne: (measure: string, only: string) =>
      `${measure} by age. One measurement: ${only}. The table has the same numbers.`,
    onDate: (value: string, date: string) => `${value} on ${date}`,
    atLength: (length: string) => `at ${length}`,
    last: (value: string, date: string) => `${value}, measured on ${date}`,
    emptyTitle: (measure: string) => `${measure}: nothing measured yet`,
    emptyText: 'The clinic measures at each checkup. It stands here the same day.',
    emptyPartial: (measure: string) => `${measure}: nothing is here`,
    emptyPartialText: 'Part of this record has not arrived. There may be measurements that are not here.',
    emptyBmi: 'BMI needs a weight and a height taken within 30 days, from 2 years on.',
    emptyForLength: 'This needs a weight and a length of the same day, before 2 years.',
    whyNone: {
      sex: 'no chart',
      position: 'measured in the other position',
      'before-term': 'before the due date',
      outside: 'outside the chart',
    },
    leftUnit: (text: string) =>
      `The record says “${text}”. The unit is not clear, so it is not on the chart.`,
    leftDate: (text: string) => `The record says “${text}” without a usable date, so it is not on the chart.`,
  },
  {
    title: 'Crecimiento',
    heading: (name) => `El crecimiento de ${name}`,
    own: 'Su crecimiento',
    units: 'Unidades',
    us: 'lb, in',
    metric: 'kg, cm',
    measure: 'Medida',
    names: {
      weight: 'Peso',
      length: 'Estatura',
      lengthLying: 'Talla',
      head: 'Cabeza',
      bmi: 'IMC',
      'weight-for-length': 'Peso para la talla',
    },
    atAge: (date, age) => `${date}, con ${age}`,
    meaning: (percentile) =>
      `Esto se llama ${percentile}. Es un lugar en la fila, no una calificación. Un niño pequeño y uno grande pueden estar igual de sanos. Dice más si los puntos siguen su propio camino con el tiempo.`,
    meaningEnd: (percentile) =>
      `Esto se llama ${percentile}. Es un lugar en la fila, no una calificación. Dice más si los puntos siguen su propio camino con el tiempo.`,
    bmiPlain: 'El IMC es un número hecho de peso y estatura.',
    headPlain: 'La cinta rodea la parte más ancha de la cabeza.',
    path: (who) => `${who} camino hasta hoy`,
    his: 'Su',
    her: 'Su',
    your: 'Su',
    thePath: 'El camino hasta hoy',
    thisChild: 'este paciente',
    beforeTwo: 'Antes de los 2 años',
    fromTwo: 'Desde los 2 años',
    middle: (peers) => `La línea del medio: la mitad de ${peers} está arriba y la mitad abajo.`,
    outer: (peers) =>
      `Entre las líneas de fuera están 94 de cada 100 ${peers}. Estar fuera es motivo para preguntar, no un diagnóstico.`,
    boys: 'niños',
    girls: 'niñas',
    open: 'Un punto abierto no tiene lugar en esta gráfica.',
    ruler: 'Desde los 2 años se mide de pie. El número puede bajar unos 0.7 cm. Es la regla, no el niño.',
    rulerOwn: 'Desde los 2 años se mide de pie. El número puede bajar unos 0.7 cm. Es la regla, no usted.',
    early: (weeks, age) =>
      `Nació antes de tiempo, a las ${weeks}. Hasta los 2 años los puntos siguen la fecha prevista: ${age}.`,
    earlyFrom: (days) => `se restan ${days} a la edad`,
    earlyUnclear:
      'El expediente tiene más de una duración del embarazo. Los puntos siguen la fecha de nacimiento. Hay que preguntar a la clínica.',
    bornEarly:
      '¿Nació antes de tiempo? Hay que decirlo a la clínica: los puntos usan entonces la fecha prevista hasta los 2 años.',
    noSex: 'Hay que preguntar a la clínica qué gráfica usar',
    noSexText:
      'Hay una gráfica para niños y otra para niñas. El expediente no dice cuál usar, así que los puntos van sin líneas.',
    noBirth: 'Falta la fecha de nacimiento',
    noBirthText: 'Sin ella no hay edad y tampoco gráfica. La clínica puede agregarla.',
    table: 'Lo mismo en una tabla',
    value: 'Valor',
    percentile: 'Percentil',
    all: (n) => `Las ${n} mediciones`,
    fewer: 'Menos',
    monthsOld: 'meses de edad',
    yearsOld: 'años de edad',
    lengthAxis: (unit) => `talla en ${unit}`,
    reference: {
      who: (peers) =>
        `Referencia: estándares de crecimiento infantil de la Organización Mundial de la Salud, 2006, ${peers}, del nacimiento a los 24 meses.`,
      cdc: (peers) => `Referencia: gráficas de crecimiento del CDC, 2000, ${peers}, de 2 a 20 años.`,
      cdcBmi: (peers) =>
        `Referencia: gráficas de crecimiento del CDC, 2000, e IMC ampliado, 2022, ${peers}, de 2 a 20 años.`,
    },
    label: (measure, n, first, last) =>
      `${measure} por edad. ${n} mediciones, de ${first} a ${last}. La tabla tiene los mismos números.`,
    labelOne: (measure, only) =>
      `${measure} por edad. Una medición: ${only}. La tabla tiene los mismos números.`,
    onDate: (value, date) => `${value} el ${date}`,
    atLength: (length) => `con ${length}`,
    last: (value, date) => `${value}, medido el ${date}`,
    emptyTitle: (measure) => `${measure}: aún no hay medidas`,
    emptyText: 'La clínica mide en cada revisión. Está aquí el mismo día.',
    emptyPartial: (measure) => `${measure}: aquí no hay nada`,
    emptyPartialText: 'Una parte del expediente no ha llegado. Puede haber medidas que no están aquí.',
    emptyBmi: 'El IMC necesita un peso y una estatura con menos de 30 días entre sí, desde los 2 años.',
    emptyForLength: 'Esto necesita un peso y una talla del mismo día, antes de los 2 años.',
    whyNone: {
      sex: 'sin gráfica',
      position: 'se midió en la otra posición',
      'before-term': 'antes de la fecha prevista',
      outside: 'fuera de la gráfica',
    },
    leftUnit: (text) =>
      `El expediente dice «${text}». La unidad no es clara y por eso no está en la gráfica.`,
    leftDate: (text) =>
      `El expediente dice «${text}» sin una fecha que sirva y por eso no está en la gráfica.`,
  },
  {
    own: 'Tu crecimiento',
    your: 'Tu',
    rulerOwn: 'Desde los 2 años se mide de pie. El número puede bajar unos 0.7 cm. Es la regla, no tú.',
  },
);
