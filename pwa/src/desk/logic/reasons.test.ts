import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { mendedBy, reasonWords } from './reasons';

describe('reasonWords', () => {
  it('says what a code means, and shows a code it does not know as it is', () => {
    expect(reasonWords('stale_view')).toMatch(/changed while it was being read/);
    expect(reasonWords('some_new_code')).toBe('some new code');
    expect(reasonWords(null)).toBe('');
  });

  it('has words for every code that the server gives', () => {
    const source = readFileSync(new URL('../../../../sync/verdicts.py', import.meta.url), 'utf8');
    const codes = [...source.matchAll(/^ {4}"([a-z_]+)": "/gm)].map((found) => found[1]!);
    expect(codes.length).toBeGreaterThan(20);
    expect(codes.filter((code) => reasonWords(code) === code.replaceAll('_', ' '))).toEqual([]);
  });
});

describe('what mends by itself', () => {
  it('is told from what a person has to decide', () => {
    expect(mendedBy('waiting_for_base')).toBe('time');
    expect(mendedBy('unknown_form')).toBe('update');
    expect(mendedBy('newer_op_format')).toBe('update');
    expect(mendedBy('report_locked')).toBeNull();
    expect(mendedBy('not_allowed')).toBeNull();
  });
});
