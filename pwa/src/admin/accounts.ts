/** Rules and words of the accounts screen. The server checks the same rules; here they are said before sending. */
import { ApiProblem } from '../api/problem';
import type { Account, Grant, NewAccount, Role } from './api';

export const ROLES: { id: Role; label: string; says: string }[] = [
  { id: 'officer', label: 'Officer', says: 'Writes reports. Needs a star number and a district.' },
  { id: 'desk', label: 'Desk', says: 'Reviews the reports of one district.' },
  { id: 'admin', label: 'Admin', says: 'Manages accounts and devices. Cannot read reports.' }
];

export const GRANTS: { id: Grant; label: string; says: string }[] = [
  { id: 'supervisor', label: 'Supervisor', says: 'Decides what needs a supervisor.' },
  { id: 'auditor', label: 'Auditor', says: 'Reads the audit log.' }
];

export function roleWords(role: Role): string {
  return ROLES.find((one) => one.id === role)?.label ?? role;
}

const FIELDS = ['username', 'display_name', 'star', 'district', 'grants'] as const;

/** The longest that the server takes. */
export const LONGEST = { username: 64, display_name: 120, star: 12 };

export type Problems = Partial<Record<(typeof FIELDS)[number], string>>;

export function problems(of: NewAccount): Problems {
  const found: Problems = {};
  if (!/^[a-z0-9][a-z0-9._-]{1,63}$/.test(of.username)) {
    found.username = '2 to 64 of a-z, 0-9, dot, dash and underscore; starts with a letter or digit.';
  }
  if (!of.display_name.trim()) found.display_name = 'Write the name as others should read it.';
  if (of.star !== null && !/^[0-9A-Z]{1,12}$/.test(of.star)) found.star = 'Up to 12 digits or capital letters.';
  if (of.role === 'officer' && !of.star) found.star = 'An officer needs a star number.';
  if (of.role !== 'admin' && !of.district) found.district = 'Choose the district.';
  if (of.role === 'admin' && of.grants.includes('supervisor')) {
    found.grants = 'An admin does not decide about reports, so an admin cannot be a supervisor.';
  }
  return found;
}

/** The first word of the server for each field that it refused (`errors` of the problem document). */
export function refusedFields(errors: unknown): Problems {
  const found: Problems = {};
  const body = (errors as { json?: unknown } | null | undefined)?.json;
  if (typeof body !== 'object' || body === null) return found;
  for (const field of FIELDS) {
    const said = deepest((body as Record<string, unknown>)[field]);
    if (said) found[field] = said;
  }
  return found;
}

function deepest(said: unknown): string | null {
  if (typeof said === 'string') return said;
  if (typeof said !== 'object' || said === null) return null;
  return Object.values(said).map(deepest).find(Boolean) ?? null;
}

/** A failure in words: what is the matter, then what to do. */
export function failureWords(failed: unknown, otherwise: string): string {
  if (!(failed instanceof ApiProblem)) return otherwise;
  const { title } = failed.extra;
  const parts = [typeof title === 'string' && title ? `${title.replace(/\.$/, '')}.` : '', failed.detail];
  return parts.filter(Boolean).join(' ') || otherwise;
}

/** What is sent: blanks are null, and the user name is folded as the server folds it. */
export function cleaned(of: NewAccount): NewAccount {
  return {
    ...of,
    username: of.username.normalize('NFKC').trim().toLowerCase(),
    display_name: of.display_name.trim(),
    star: of.star?.trim().toUpperCase() || null,
    district: of.district || null
  };
}

/** The words of a search all have to stand somewhere in what the list shows. */
export function found(accounts: Account[], text: string): Account[] {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  return accounts.filter((one) => {
    const words = [
      one.display_name,
      one.username,
      one.star,
      one.district,
      roleWords(one.role),
      ...one.grants,
      one.active ? 'active' : 'suspended'
    ]
      .filter(Boolean)
      .join(' ')
      .toLowerCase();
    return wanted.every((word) => words.includes(word));
  });
}
