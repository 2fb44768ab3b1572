import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../src/ui/tokens.css', import.meta.url), 'utf8');
const [dark = '', light = ''] = [...css.matchAll(/:root \{([^}]*--surface:[^}]*)\}/g)].map((found) => found[1]);

function colours(block: string): Record<string, string> {
  return Object.fromEntries([...block.matchAll(/--([a-z-]+):\s*(#[0-9a-f]{6})/g)].map((found) => [found[1], found[2]]));
}

/** Relative luminance and contrast, WCAG 2.2. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

describe.each([
  ['dark', colours(dark)],
  ['light', colours(light)]
])('%s', (_name, found) => {
  const grounds = ['surface', 'surface-raised', 'surface-sunken'];
  const pairs = [
    ...['text', 'text-quiet', 'accent'].flatMap((text) => grounds.map((ground) => [text, ground])),
    ...['phone', 'server', 'held', 'due', 'draft'].flatMap((state) => [
      [`state-${state}`, `state-${state}-surface`],
      [`state-${state}`, 'surface'],
      [`state-${state}`, 'surface-raised']
    ]),
    ['on-accent', 'accent-surface']
  ];

  it.each(pairs)('%s on %s is readable at 7:1', (text = '', ground = '') => {
    expect(contrast(found[text] ?? '#000000', found[ground] ?? '#000000')).toBeGreaterThanOrEqual(7);
  });

  it('what is marked by a line or a ring is seen at 3:1', () => {
    for (const mark of ['line-strong', 'focus']) {
      expect(contrast(found[mark] ?? '', found['surface'] ?? '')).toBeGreaterThanOrEqual(3);
    }
  });
});
