/** Language, units, light or dark, size of letters. Kept on this device only. */
import { schemes, setPrefs, type TextSize, textSizes, usePrefs } from '../app/prefs.ts';
import { Back } from '../app/record.tsx';
import { useTitle } from '../app/title.ts';
import { Choice } from '../kit/choice.tsx';
import { useWords } from '../kit/lang.tsx';
import { Panel } from '../kit/panel.tsx';
import { moreWords } from '../words/more.ts';

const sizeOf = (text: string): TextSize => textSizes.find((size) => String(size) === text) ?? 100;

export function Settings() {
  const w = useWords(moreWords);
  useTitle(w.settings);
  const prefs = usePrefs();
  const schemeWords = { auto: w.schemeAuto, light: w.light, dark: w.dark } as const;
  const textWords = { 100: w.text100, 115: w.text115, 130: w.text130 } as const;
  return (
    <>
      <Back to="/more">{w.title}</Back>
      <h1 tabIndex={-1}>{w.settings}</h1>
      <Panel>
        <div className="stack l">
          <Choice
            label={w.language}
            value={prefs.lang}
            options={[
              ['en', w.english],
              ['es', w.spanish],
            ]}
            onChange={(lang) => setPrefs({ lang })}
          />
          <Choice
            label={w.units}
            value={prefs.units ?? 'auto'}
            options={[
              ['auto', w.unitsAuto],
              ['us', w.unitsUs],
              ['metric', w.unitsMetric],
            ]}
            onChange={(units) => setPrefs({ units: units === 'auto' ? null : units })}
          />
          <Choice
            label={w.scheme}
            value={prefs.scheme}
            options={schemes.map((scheme) => [scheme, schemeWords[scheme]] as const)}
            onChange={(scheme) => setPrefs({ scheme })}
          />
          <Choice
            label={w.text}
            value={String(prefs.text)}
            options={textSizes.map((size) => [String(size), textWords[size]] as const)}
            onChange={(size) => setPrefs({ text: sizeOf(size) })}
          />
        </div>
      </Panel>
      <p className="cap">{w.settingsNote}</p>
    </>
  );
}
