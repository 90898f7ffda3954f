/** The standard normal distribution, to about 1e-15 absolute and good relative precision in the lower tail. */

const density = (z: number): number => Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);

/** Below this the series loses its digits, and the tail's continued fraction has converged. */
const tail = -4;

/** Φ(z), the part below z. Series of Marsaglia (J. Stat. Softw. 11(4), 2004); Laplace's continued fraction in the tail. */
export const below = (z: number): number => {
  if (Number.isNaN(z)) return Number.NaN;
  if (z > -tail) return 1 - below(-z);
  if (z < tail) {
    let fraction = -z;
    for (let n = 60; n >= 1; n--) fraction = -z + n / fraction;
    return density(z) / fraction;
  }
  let term = z;
  let sum = z;
  for (let n = 3; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 400; n += 2) {
    term *= (z * z) / n;
    sum += term;
  }
  return 0.5 + sum * density(z);
};

const a = [
  -39.696_830_28, 220.946_098_4, -275.928_510_4, 138.357_751_9, -30.664_798_07, 2.506_628_277,
] as const;
const b = [-54.476_098_8, 161.585_836_9, -155.698_979_9, 66.801_311_89, -13.280_681_55] as const;

/** A first guess of the inverse, good to about a thousandth. */
const guess = (p: number): number => {
  if (p < 0.02425) {
    const t = Math.sqrt(-2 * Math.log(p));
    return -(
      t -
      (2.515_517 + 0.802_853 * t + 0.010_328 * t * t) /
        (1 + 1.432_788 * t + 0.189_269 * t * t + 0.001_308 * t ** 3)
    );
  }
  const q = p - 0.5;
  const r = q * q;
  const top = a.reduce((sum, value) => sum * r + value, 0) * q;
  return top / (b.reduce((sum, value) => sum * r + value, 0) * r + 1);
};

/** Φ⁻¹(p) for 0 < p < 1. Give the smaller tail: `-zBelow(q)` is exact where `zBelow(1 - q)` has lost its digits. */
export const zBelow = (p: number): number => {
  if (!(p > 0 && p < 1)) return Number.NaN;
  if (p > 0.5) return -zBelow(1 - p);
  let z = guess(p);
  for (let turn = 0; turn < 4; turn++) {
    const step = (below(z) - p) / density(z);
    z -= step / (1 + (z * step) / 2);
  }
  return z;
};
