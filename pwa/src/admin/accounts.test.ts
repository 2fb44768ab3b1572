import { describe, expect, it } from 'vitest';
import { ApiProblem } from '../api/problem';
import { cleaned, failureWords, found, problems, refusedFields } from './accounts';
import type { Account, NewAccount } from './api';

const officer: NewAccount = {
  username: 'aruiz',
  display_name: 'Ana Ruiz',
  role: 'officer',
  star: '12345',
  district: '010',
  grants: []
};

function account(over: Partial<Account>): Account {
  return {
    ...officer,
    id: over.username ?? 'a',
    active: true,
    must_change_password: false,
    ...over
  } as Account;
}

describe('problems', () => {
  it('finds none in a whole account', () => {
    expect(problems(officer)).toEqual({});
    expect(problems({ ...officer, role: 'admin', star: null, district: null })).toEqual({});
  });

  it('asks an officer for star and district, and a desk for its district', () => {
    expect(Object.keys(problems({ ...officer, star: null, district: null }))).toEqual(['star', 'district']);
    expect(Object.keys(problems({ ...officer, role: 'desk', star: null, district: null }))).toEqual([
      'district'
    ]);
  });

  it('keeps an admin from deciding about reports', () => {
    expect(problems({ ...officer, role: 'admin', grants: ['supervisor'] }).grants).toMatch(/supervisor/);
  });

  it('refuses user names that the server refuses', () => {
    for (const username of ['', 'a', '.ana', 'ana ruiz', 'Ana'])
      expect(problems({ ...officer, username }).username).toBeTruthy();
  });
});

describe('cleaned', () => {
  it('folds the user name and empties blanks', () => {
    const sent = cleaned({ ...officer, username: ' ARuiz ', star: ' 12a ', district: '' });
    expect(sent).toMatchObject({ username: 'aruiz', star: '12A', district: null });
  });
});

describe('what the server refused', () => {
  it('marks the fields that it names', () => {
    const errors = { json: { star: ['Longer than maximum length 12.'], grants: { 0: ['Must be one of: x.'] } } };
    expect(refusedFields(errors)).toEqual({
      star: 'Longer than maximum length 12.',
      grants: 'Must be one of: x.'
    });
    expect([refusedFields(undefined), refusedFields({ json: null })]).toEqual([{}, {}]);
  });

  it('says what is the matter and what to do', () => {
    const title = 'Another account has this user name or star number';
    const taken = new ApiProblem(409, 'name_taken', 'Choose another.', 'never', null, { title });
    expect(failureWords(taken, 'x')).toBe(`${title}. Choose another.`);
    expect(failureWords(new Error('e'), 'x')).toBe('x');
  });
});

describe('found', () => {
  it('searches what the list shows', () => {
    const all = [
      account({ username: 'aruiz' }),
      account({ username: 'bkim', display_name: 'Bo Kim', star: null, role: 'desk', active: false })
    ];
    expect(found(all, 'ruiz 12345').map((one) => one.username)).toEqual(['aruiz']);
    expect(found(all, 'suspended').map((one) => one.username)).toEqual(['bkim']);
    expect(found(all, ' ')).toHaveLength(2);
  });
});
